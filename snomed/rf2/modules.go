package rf2

import (
	"fmt"
	"slices"

	"github.com/nhskit/nhskit/snomed/sctid"
)

// Dependency is one active row of the module dependency reference set: the
// source module in its version needs the target module in its version.
type Dependency struct {
	Source, Target         sctid.ID
	SourceTime, TargetTime uint32 // YYYYMMDD
}

// CheckModules compares the dependencies of several packages that are read
// together. A module is present in a version if it states dependencies in
// that version, or if present lists it, with the latest effective time of its
// components. For every module's latest version it reports as an [Issue] of
// severity Error a module it needs that is missing, as a Warning one that is
// there in an older version, and as Information one in a newer version than
// asked for, which usually works. RF2 5.2.4.2.
func CheckModules(dependencies []Dependency, present map[sctid.ID]uint32) []Issue {
	version := map[sctid.ID]uint32{}
	for m, t := range present {
		version[m] = t
	}
	latest := map[sctid.ID]uint32{}
	for _, d := range dependencies {
		latest[d.Source] = max(latest[d.Source], d.SourceTime)
		version[d.Source] = max(version[d.Source], d.SourceTime)
	}
	// A target that states no dependencies of its own is as old as the
	// newest component in it, which may be older than its release; a module
	// that others agree on the version of is taken to be of that version.
	var issues []Issue
	for _, d := range dependencies {
		if d.SourceTime != latest[d.Source] {
			continue
		}
		have, ok := version[d.Target]
		is := Issue{Code: CodeModule, Path: "module " + d.Source.String(), Offset: -1, Clause: "5.2.4.2"}
		_, states := latest[d.Target]
		switch {
		case !ok:
			is.Severity = Error
			is.Err = fmt.Errorf("version %d needs module %d of version %d, which is missing", d.SourceTime, d.Target, d.TargetTime)
		case have < d.TargetTime && states:
			is.Severity = Warning
			is.Err = fmt.Errorf("version %d needs module %d of version %d, only version %d is there", d.SourceTime, d.Target, d.TargetTime, have)
		case have > d.TargetTime:
			is.Severity = Information
			is.Err = fmt.Errorf("version %d needs module %d of version %d, a newer one of %d is there", d.SourceTime, d.Target, d.TargetTime, have)
		default:
			continue
		}
		issues = append(issues, is)
	}
	slices.SortFunc(issues, func(a, b Issue) int {
		if a.Severity != b.Severity {
			return int(b.Severity) - int(a.Severity)
		}
		return slices.Compare([]byte(a.Error()), []byte(b.Error()))
	})
	return issues
}
