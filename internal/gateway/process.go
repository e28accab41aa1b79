package gateway

import (
	"log"
	"os"
	"path"
	"strings"
	"sync"
	"time"
)

// calmed passes on one line a second at most: a page that polls an upstream
// which does not answer must not fill the host's disk.
type calmed struct {
	out     *log.Logger
	mu      sync.Mutex
	last    time.Time
	skipped int
}

// Write is io.Writer's, one line a call as package log does.
func (c *calmed) Write(line []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.last) < time.Second {
		c.skipped++
		return len(line), nil
	}
	if c.skipped > 0 {
		c.out.Printf("%d more errors", c.skipped)
	}
	c.last, c.skipped = time.Now(), 0
	c.out.Print(string(line))
	return len(line), nil
}

// containerSuffix tells one container of a program from another: restarted, a
// container keeps its id. It is "" outside a container.
func containerSuffix() string {
	mounts, err := os.ReadFile("/proc/self/mountinfo")
	if err != nil {
		return ""
	}
	return suffixFrom(string(mounts))
}

// suffixFrom finds the id where the engine keeps a container's /etc/hostname,
// which it mounts also with the host's network: .../containers/ID/hostname.
func suffixFrom(mounts string) string {
	for line := range strings.Lines(mounts) {
		fields := strings.Fields(line)
		if len(fields) < 5 || fields[4] != "/etc/hostname" {
			continue
		}
		if id := path.Base(path.Dir(fields[3])); len(id) == 64 {
			return "@" + id[:12]
		}
	}
	return ""
}
