package spark

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// suffix is what EMR adds to the version that a build was made from:
// 3.5.6-amzn-1, 2.4.5-amzn-0.1.
var suffix = regexp.MustCompile(`-amzn-[0-9]+(\.[0-9]+)?$`)

// Upstream is a version without what EMR adds to it.
func Upstream(version string) string { return suffix.ReplaceAllString(version, "") }

// numbers are the leading numbers of a version, "3.5.6-SNAPSHOT" is 3, 5, 6.
func numbers(version string) (out []int) {
	for _, part := range strings.FieldsFunc(Upstream(version), func(r rune) bool { return r == '.' || r == '_' || r == '-' || r == '+' }) {
		n, err := strconv.Atoi(part)
		if err != nil {
			break
		}
		out = append(out, n)
	}
	return out
}

// order compares the leading n numbers of two versions; what one of them leaves
// out is equal: "3.11" is 3.11.7.
func order(a, b string, n int) int {
	x, y := numbers(a), numbers(b)
	n = min(n, len(x), len(y))
	return slices.Compare(x[:n], y[:n])
}

// sameMinor reports whether the first two numbers are the same.
func sameMinor(a, b string) bool { return order(a, b, 2) == 0 }

// minor is a version's first two numbers.
func minor(version string) string {
	v := numbers(version)
	if len(v) < 2 {
		return version
	}
	return fmt.Sprintf("%d.%d", v[0], v[1])
}

// javaMajor is the feature release of a Java: 8 for "1.8.0_504" and "8", 17 for
// "17.0.15"; 0 when it cannot be told.
func javaMajor(version string) int {
	v := numbers(version)
	switch {
	case len(v) == 0:
		return 0
	case v[0] == 1 && len(v) > 1:
		return v[1]
	}
	return v[0]
}

// runtime is what a line of Spark runs on.
type runtime struct {
	java   []int
	python [2]string // first and last minor version; "" for no known last
}

// runtimes are by Spark's minor version.
// Source: the overview page of each version, https://spark.apache.org/docs/VERSION/; the last Pythons are by
// experience, and what is not among the Javas but between them was never supported.
var runtimes = map[string]runtime{
	"2.4": {[]int{8}, [2]string{"2.7", "3.7"}},
	"3.0": {[]int{8, 11}, [2]string{"3.6", "3.9"}},
	"3.1": {[]int{8, 11}, [2]string{"3.6", "3.9"}},
	"3.2": {[]int{8, 11}, [2]string{"3.6", "3.9"}},
	"3.3": {[]int{8, 11, 17}, [2]string{"3.7", "3.10"}},
	"3.4": {[]int{8, 11, 17}, [2]string{"3.7", "3.11"}},
	"3.5": {[]int{8, 11, 17}, [2]string{"3.8", "3.12"}},
	"4.0": {[]int{17, 21}, [2]string{"3.9", ""}},
	"4.1": {[]int{17, 21}, [2]string{"3.10", ""}},
	"4.2": {[]int{17, 21, 25}, [2]string{"3.10", ""}},
	"4.3": {[]int{17, 21, 25}, [2]string{"3.10", ""}},
}

// javas is a list of Java releases in words: "17 or 21".
func javas(list []int) string {
	var words []string
	for _, n := range list {
		words = append(words, strconv.Itoa(n))
	}
	return strings.Join(words, " or ")
}
