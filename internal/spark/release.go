package spark

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
)

// releasesTable is the versions of EMR's releases: a comment with its source, a
// line of names, a line a release.
//
//go:embed releases.csv
var releasesTable string

// Release is what a release of EMR brings. Java and Python are its defaults, ""
// where they are not known; a cluster may have been given others.
// Source: releases.csv, and for Java and Python the release guide's pages
// https://docs.aws.amazon.com/emr/latest/ReleaseGuide/emr-release-components.html.
type Release struct {
	Label, Spark, Hadoop string
	Java, Python         string
}

// releases are all that are known, in the table's order.
func releases() (out []Release) {
	for _, line := range strings.Split(releasesTable, "\n") {
		f := strings.Split(strings.TrimSpace(line), ",")
		if len(f) < 3 || strings.HasPrefix(line, "#") || f[0] == "label" {
			continue
		}
		r := Release{Label: f[0], Spark: f[1], Hadoop: f[2]}
		r.Java, r.Python = releaseDefaults(r.Label)
		out = append(out, r)
	}
	return out
}

// FindRelease is the release with that label.
func FindRelease(label string) (Release, bool) {
	all := releases()
	i := slices.IndexFunc(all, func(r Release) bool { return r.Label == label })
	if i < 0 {
		return Release{}, false
	}
	return all[i], true
}

// UnknownRelease says of a label that it is not in the table, and what is.
func UnknownRelease(label string) string {
	newest := map[string]string{}
	all := releases()
	for _, r := range all {
		newest[series(r.Label)] = r.Label
	}
	near := newest[series(label)]
	if near == "" {
		near = all[len(all)-1].Label
	}
	return fmt.Sprintf("is unknown here: %s is the newest known; say the versions with cluster-versions instead", near)
}

// series is a label up to its first dot: emr-5, emr-spark-8.
func series(label string) string {
	out, _, _ := strings.Cut(label, ".")
	return out
}

// releaseDefaults are the Java and the Python that a release's Spark uses unless
// told otherwise: Java 8 up to emr-6 and 17 from emr-7 on; Python 2.7 before
// 5.30 and 6.0, 3.7 from there, 3.9 from 7.0, 3.11 from 7.13.
func releaseDefaults(label string) (java, python string) {
	v := numbers(label[strings.LastIndex(label, "-")+1:])
	if len(v) < 2 {
		return "", ""
	}
	switch major, minor := v[0], v[1]; {
	case strings.HasPrefix(label, "emr-spark-"):
		return "17", "" // 3.11 and 3.13 are there; which is the default was not read
	case major == 5 && minor < 30:
		return "8", "2.7"
	case major < 7:
		return "8", "3.7"
	case major == 7 && minor < 13:
		return "17", "3.9"
	case major == 7:
		return "17", "3.11"
	}
	return "", ""
}
