package probe

import (
	"regexp"
	"strings"
)

// wrapping is what stands before the message of an exception without telling
// anything: names of packages, and of what passes others' exceptions on.
var wrapping = regexp.MustCompile(`^(: )?([a-z_0-9]+\.)+([A-Za-z0-9$_]+\.)*`)

// causes are lines that say more than the first one, best first.
var causes = []*regexp.Regexp{
	regexp.MustCompile(`\[(PYTHON_VERSION_MISMATCH|[A-Z_.]*BROADCAST)\][^\n]*`),
	regexp.MustCompile(`Python in worker has different version[^\n]*`),
	regexp.MustCompile(`Cannot run program "[^\n]*`),
	regexp.MustCompile(`Failed to connect to [^\n]*`),
	regexp.MustCompile(`When running with master 'yarn'[^\n]*`),
	regexp.MustCompile(`(?m)^(?:Caused by:|Exception in thread "main") ([^\n]*)$`),
}

// passesOn are first lines that only say that something else failed.
var passesOn = regexp.MustCompile(`Py4JJavaError|An error occurred while calling|JavaPackage|Job aborted due to stage failure`)

// Telling is the line of an exception's text that tells a person most, without
// the names of packages.
func Telling(text string) string {
	for _, c := range causes[:5] {
		if found := c.FindString(text); found != "" {
			return short(found)
		}
	}
	lines := strings.Split(strings.TrimSpace(text), "\n")
	best := lines[0]
	if passesOn.MatchString(best) {
		for _, line := range lines[1:] {
			if strings.TrimSpace(line) != "" && !strings.HasPrefix(strings.TrimSpace(line), "at ") {
				best = line
				break
			}
		}
		if found := causes[5].FindAllStringSubmatch(text, -1); len(found) > 0 {
			best = found[len(found)-1][1]
		}
	}
	return short(wrapping.ReplaceAllString(strings.TrimSpace(best), ""))
}

// reason is the most telling line of an error, or of the log where the error only
// says that Java ended.
func reason(text, log string) string {
	if cause := LastCause(log); cause != "" && strings.Contains(text, "Java gateway process exited") {
		return cause
	}
	return Telling(text)
}

// LastCause is the last reason in a log of Spark's, "" for none.
func LastCause(log string) string {
	found := causes[5].FindAllStringSubmatch(log, -1)
	if len(found) == 0 {
		return ""
	}
	return short(wrapping.ReplaceAllString(found[len(found)-1][1], ""))
}

// most is how many characters of an exception are told.
const most = 300

func short(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	if cut := []rune(text); len(cut) > most {
		return string(cut[:most-3]) + "..."
	}
	return text
}
