package host

import (
	"os"
	"strings"
)

// Groups is the range of numeric groups that units choose theirs from. Where all
// ids are there it lies beyond what login.defs and subordinate ids use; a system
// container that maps 65536 of them leaves the upper end of the users' own.
func Groups() (first, count int) {
	first, count = 50000, 9999
	maps, err := os.ReadFile("/proc/self/gid_map")
	if f := strings.Fields(string(maps)); err == nil && len(f) == 3 && f[0] == "0" && f[2] == "4294967295" {
		return 1_100_000_000, 900_000_000
	}
	return first, count
}
