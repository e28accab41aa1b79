package spark

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"text/tabwriter"
)

// Outcome is what came of a rule.
type Outcome string

// Outcomes of rules.
const (
	Passed      Outcome = "passed"
	Failed      Outcome = "failed"
	Doubtful    Outcome = "doubtful"     // it may fail: shown, never refused
	NotCompared Outcome = "not compared" // a side is not known
)

// Finding is what a rule found of an image and a cluster.
type Finding struct {
	Rule           string
	Image, Cluster string // both sides, "" for not known
	Outcome        Outcome
	Needs          string // what the image would have to have, where it differs
	Has            string // what the image has that does not
	Why, Source    string // of the rule
}

// Report is all that was found.
type Report struct {
	Target   Target
	Release  string // EMR label, "" for none
	Image    Facts
	Cluster  Facts
	Findings []Finding
}

// isDefault reports whether a fact is no more than what the release brings.
func (r Release) isDefault(f Fact) bool { return r.Label != "" && f.Source == r.source() }

func (r Release) source() string { return "default of " + r.Label }

// facts are what a release says of its clusters.
func (r Release) facts() Facts {
	of := func(value, source string) Fact {
		if value == "" {
			return Fact{}
		}
		return Fact{value, source}
	}
	return Facts{
		Spark: of(r.Spark, "option emr-release"), Hadoop: of(r.Hadoop, "option emr-release"),
		Java: of(r.Java, r.source()), Python: of(r.Python, r.source()),
	}
}

// executorPython is the version in the name of the executors' Python, as far as it
// says one: 3.11 of python3.11, 3 of /usr/bin/python3.
func executorPython(name string) Fact {
	at := strings.LastIndex(name, "python")
	if at < 0 || len(numbers(name[at+len("python"):])) == 0 {
		return Fact{}
	}
	return Fact{name[at+len("python"):], optionPython}
}

const optionPython = "option executor-python"

// Compare holds an image beside its cluster. asked is what the cluster was
// asked for, given what an operator said of it, python the program that executors
// are told to run. What was asked wins over what was given, that over a release;
// the name python3.11 is taken at its word before all.
func Compare(t Target, label string, python string, image, asked, given Facts) Report {
	release, _ := FindRelease(label)
	cluster := Complete(Complete(asked, given), release.facts())
	if named := executorPython(python); named.Known() && (t.CallsBack() || label != "") {
		if whole := len(numbers(named.Value)) > 1; whole || order(image.Python.Value, named.Value, 1) != 0 {
			cluster.Python = named
		}
	}
	r := Report{Target: t, Release: label, Image: image, Cluster: cluster}
	c := comparison{target: t, release: release, image: image, cluster: cluster}
	for _, rule := range rules {
		if !slices.Contains(rule.kinds, r.kind()) {
			continue
		}
		v := rule.compare(c)
		if v.has == "" {
			v.has = rule.name + " " + Upstream(v.image)
		}
		r.Findings = append(r.Findings, Finding{rule.name, v.image, v.cluster, v.outcome, v.needs, v.has, rule.why, rule.source})
	}
	return r
}

// kind is whose rules hold. Without a master, a release is a cluster of YARN, and
// versions alone are held to be of executors.
func (r Report) kind() Kind {
	switch {
	case r.Target.Kind != Local:
		return r.Target.Kind
	case r.Release != "":
		return YARN
	case r.Cluster.Any():
		return Standalone
	}
	return Local
}

// OK reports whether nothing is known not to match.
func (r Report) OK() bool { return len(r.of(Failed)) == 0 }

func (r Report) of(o Outcome) (out []Finding) {
	for _, f := range r.Findings {
		if f.Outcome == o {
			out = append(out, f)
		}
	}
	return out
}

// who names the cluster's side.
func (r Report) who() string {
	switch {
	case r.Release != "":
		return r.Release
	case r.Target.Cluster():
		return r.Target.String()
	}
	return "the cluster"
}

// Line says in one line what does not fit, and what would: "image has Spark
// 3.5.6/Hadoop 3.4.1; emr-5.27.0 needs 2.4.4/2.8.5". It is "" when all does.
func (r Report) Line() string { return r.line(r.of(Failed), "needs") }

// Doubts says in one line what may not fit, "" for nothing.
func (r Report) Doubts() string { return r.line(r.of(Doubtful), "has") }

func (r Report) line(findings []Finding, verb string) string {
	var has, needs []string
	for _, f := range findings {
		has, needs = append(has, f.Has), append(needs, f.Needs)
	}
	if len(has) == 0 {
		return ""
	}
	return fmt.Sprintf("image has %s; %s %s %s", strings.Join(has, "/"), r.who(), verb, strings.Join(needs, "/"))
}

// pairs are the facts of an image and a cluster, by name.
func (r Report) pairs() []struct {
	name           string
	image, cluster Fact
} {
	type pair = struct {
		name           string
		image, cluster Fact
	}
	i, c := r.Image, r.Cluster
	return []pair{
		{"Spark", i.Spark, c.Spark}, {"Scala", i.Scala, c.Scala}, {"Hadoop", i.Hadoop, c.Hadoop}, {"Python", i.Python, c.Python},
		{"Java", i.Java, c.Java}, {"Jupyter", i.Jupyter, c.Jupyter}, {"build", i.BuildID, c.BuildID},
	}
}

// Table is every fact and every rule, for people.
func (r Report) Table() string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "FACT\tIMAGE\tFROM\t%s\tFROM\n", strings.ToUpper(r.who()))
	for _, p := range r.pairs() {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", p.name, or(p.image.Value), or(p.image.Source), or(p.cluster.Value), or(p.cluster.Source))
	}
	fmt.Fprint(w, "\t\t\t\t\nRULE\tIMAGE\tCLUSTER\tOUTCOME\tWHAT WOULD FIT\n")
	for _, f := range r.Findings {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", f.Rule, or(f.Image), or(f.Cluster), f.Outcome, needed(f))
	}
	_ = w.Flush() // into memory
	for _, f := range r.Findings {
		fmt.Fprintf(&out, "\n%s: %s (%s)", f.Rule, f.Why, f.Source)
	}
	return trailing.ReplaceAllString(out.String(), "")
}

// trailing are blanks that fill a table's last column: with them, YAML shows a text
// in one quoted line.
var trailing = regexp.MustCompile(`(?m)[ \t]+$`)

// needed is what the image would need, where something differs.
func needed(f Finding) string {
	if f.Outcome == Failed || f.Outcome == Doubtful {
		return f.Needs
	}
	return "-"
}

func or(text string) string {
	if text == "" {
		return "-"
	}
	return text
}

// Map is the same as results of an action: keys of small letters and hyphens.
func (r Report) Map() map[string]string {
	out := map[string]string{"outcome": "matches"}
	if !r.OK() {
		out["outcome"] = "does not match"
	}
	for _, p := range r.pairs() {
		name := strings.ToLower(p.name)
		for side, fact := range map[string]Fact{"image-": p.image, "cluster-": p.cluster} {
			if fact.Known() {
				out[side+name] = fact.Value
			}
		}
	}
	for _, f := range r.Findings {
		name := strings.NewReplacer(" ", "-", "'", "").Replace(strings.ToLower(f.Rule))
		out["rule-"+name] = string(f.Outcome)
	}
	return out
}
