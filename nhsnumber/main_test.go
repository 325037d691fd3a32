package nhsnumber

import "os"

// long reports whether the long form of the tests was asked for.
func long() bool { return os.Getenv("NHSKIT_LONG") != "" }
