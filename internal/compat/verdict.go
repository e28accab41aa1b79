package compat

import (
	"maps"
	"slices"
	"strings"

	"github.com/jupyter-docker/jupyter-docker/internal/cluster"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// Verdict is what came of comparing an image with a cluster. The zero Verdict, of
// an image that was compared with nothing, objects to nothing.
type Verdict struct {
	Report   spark.Report
	Reach    []cluster.Reach // how the cluster's addresses answer from this machine
	Notes    []string        // what could not be asked, and why
	Warnings []string        // of the operator's own lines
	Image    spark.Installation
	Check    string // option version-check
}

// MatchError is an image that is refused since it does not match its cluster.
type MatchError struct {
	Mismatch string // what is wrong, in one line
}

func (e *MatchError) Error() string { return e.Mismatch + " (version-check=enforce)" }

// Mismatch says in one line what is wrong, whatever version-check says; "" where
// nothing is known to be.
func (v Verdict) Mismatch() string {
	client := v.Report.Target.Kind == spark.Connect && v.Image.PySpark.Known() // it needs no Spark beside it
	if t := v.Report.Target; t.Cluster() && v.Image.Home == "" && !client {
		return "no Spark was found in the image; " + t.String() + " is named"
	}
	return v.Report.Line()
}

// counted is the mismatch, unless version-check is off.
func (v Verdict) counted() string {
	if v.Check == notebook.CheckOff {
		return ""
	}
	return v.Mismatch()
}

// Err is a MatchError where version-check=enforce refuses the image, else nil.
func (v Verdict) Err() error {
	if line := v.counted(); line != "" && v.Check == notebook.CheckEnforce {
		return &MatchError{line}
	}
	return nil
}

// Log is the mismatch with every fact and rule, for the log; "" for none, and where
// version-check is off.
func (v Verdict) Log() string {
	if line := v.counted(); line != "" {
		return line + "\n" + v.Report.Table()
	}
	return ""
}

// Note is what the status of the unit adds while the image serves: the first of a
// mismatch, a service of the cluster that does not answer, a warning, a doubt.
func (v Verdict) Note() string {
	if line := v.counted(); line != "" {
		return line
	}
	if err := v.unreachable(); err != nil {
		return "the cluster: " + err.Error()
	}
	if len(v.Warnings) > 0 {
		return v.Warnings[0]
	}
	if doubts := v.Report.Doubts(); doubts != "" && v.Check != notebook.CheckOff {
		return doubts + ": see check-spark"
	}
	return ""
}

// unreachable says why a service of the cluster answers at none of its addresses:
// of several masters, one is enough.
func (v Verdict) unreachable() error {
	answers := map[string]bool{}
	for _, r := range v.Reach {
		answers[r.What] = answers[r.What] || r.Err == nil
	}
	for _, r := range v.Reach {
		if !answers[r.What] {
			return r.Err
		}
	}
	return nil
}

// Results are the verdict as results of the action check-spark.
func (v Verdict) Results() map[string]string {
	out := map[string]string{"cluster": v.Report.Target.String(), "report": v.Report.Table()}
	maps.Copy(out, v.Report.Map())
	var reach []string
	for _, r := range v.Reach {
		reach = append(reach, r.String())
	}
	warnings := slices.Clone(v.Warnings)
	if doubts := v.Report.Doubts(); doubts != "" {
		warnings = append(warnings, doubts)
	}
	for name, lines := range map[string][]string{"reach": reach, "notes": v.Notes, "warnings": warnings} {
		if len(lines) > 0 {
			out[name] = strings.Join(lines, "\n")
		}
	}
	return out
}
