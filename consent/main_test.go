package consent_test

import (
	"flag"
	"os"
	"testing"
)

// long reports whether the long forms of the tests are asked for.
func long() bool { return os.Getenv("NHSKIT_LONG") != "" }

// TestMain sets how many cases each property is tried on: a few by default, a
// million with NHSKIT_LONG.
func TestMain(m *testing.M) {
	flag.Parse()
	checks := flag.Lookup("rapid.checks")
	if checks.Value.String() == checks.DefValue {
		n := "1500"
		switch {
		case long():
			n = "1000000"
		case testing.Short():
			n = "200"
		}
		flag.Set("rapid.checks", n)
	}
	os.Exit(m.Run())
}
