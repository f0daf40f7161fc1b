package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"lflab/lf/directive"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// wanted describes the values of each type of flag, to follow "is no".
var wanted = map[string]string{
	"int": "whole number", "int64": "whole number", "uint": "whole number of 0 or more", "uint64": "whole number of 0 or more",
	"intSlice": "whole number, nor a list of them as in 12,34", "float64": "number",
	"duration": "duration (want a number with a unit, as in 500ms, 10s or 2m30s)",
	"bool":     "yes or no (want true or false)",
}

// flagError turns an error of package pflag into a usage error that names the
// flag, its value and what to do.
func flagError(cmd *cobra.Command, err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		flag, value := invalid.GetFlag(), invalid.GetValue()
		switch what, known := wanted[flag.Value.Type()]; {
		case errors.Is(err, strconv.ErrRange):
			err = fmt.Errorf("--%s %s: is too large", flag.Name, value)
		case known:
			err = fmt.Errorf("--%s %s: is no %s", flag.Name, value, what)
		default:
			err = fmt.Errorf("--%s %s: %w", flag.Name, value, errors.Unwrap(invalid))
		}
	}
	var unknown *pflag.NotExistError
	if errors.As(err, &unknown) {
		if near := nearest(cmd, unknown.GetSpecifiedName()); near != "" {
			err = fmt.Errorf("%w (did you mean --%s?)", err, near)
		} else if known := flagNames(cmd); len(known) <= fewFlags {
			err = fmt.Errorf("%w (%s has %s)", err, cmd.CommandPath(), strings.Join(known, ", "))
		}
	}
	return usageError{fmt.Errorf("%w (see %s --help)", err, cmd.CommandPath())}
}

// nearest returns the flag whose name is most like name, or "".
func nearest(cmd *cobra.Command, name string) string {
	known := flagNames(cmd)
	for i := range known {
		known[i] = strings.TrimPrefix(known[i], "--")
	}
	return directive.NearestOf(name, known)
}

// An error names all flags of a command that has no more than this.
const fewFlags = 4

// flagNames returns the flags that the help of a command shows, as "--out".
func flagNames(cmd *cobra.Command) (names []string) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, "--"+f.Name)
		}
	})
	return names
}

// noArguments refuses arguments. hint may be nil. Otherwise its text about the
// first argument ends the error.
func noArguments(hint func(argument string) string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		say := ""
		if hint != nil {
			say = hint(args[0])
		}
		return fmt.Errorf("%s takes no argument, but was given %q%s", cmd.CommandPath(), strings.Join(args, " "), say)
	}
}

// arguments requires exactly one argument for each name.
func arguments(names ...string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == len(names) {
			return nil
		}
		return fmt.Errorf("%s takes %s, but was given %s", cmd.CommandPath(), strings.Join(names, " and "), given(args))
	}
}

// given quotes arguments for an error.
func given(args []string) string {
	if len(args) == 0 {
		return "none"
	}
	return strconv.Quote(strings.Join(args, " "))
}

// atLeast requires one argument or more.
func atLeast(name string) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return fmt.Errorf("%s takes %s, but was given none", cmd.CommandPath(), name)
		}
		return nil
	}
}

func isNumber(s string) bool {
	_, err := strconv.ParseUint(s, 10, 64)
	return err == nil
}
