package lf

import (
	"os"
	"testing"

	"lflab/lf/testlog"
)

func TestMain(m *testing.M) { os.Exit(testlog.Run(m)) }
