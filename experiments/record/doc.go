// Package record reads and writes results directories: the manifest, one record
// and one set of histograms for each trial, the archive that packs them, the
// table of metrics, and the tables and ratios that follow from the records.
// Everything that reads results uses it.
//
// It does not know how a trial is run, or how figures and verdicts use one. It
// links neither servers nor the probe.
package record
