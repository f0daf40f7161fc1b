// Package record is a results directory: the manifest, one record and one set of
// histograms for each trial, the archive that they can be packed into, the
// table of metrics, and the tables and ratios that follow from the records.
// Everything that reads results comes through here.
//
// It knows neither how a trial is run nor what a figure or a verdict makes of
// it, and links neither servers nor the probe.
package record
