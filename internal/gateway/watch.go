package gateway

import (
	"context"
	"os"
	"sync"
	"time"
)

// watchEvery is how often an address that could not be bound is tried again,
// and the record looked at.
const watchEvery = 250 * time.Millisecond

// lookout notices that another gateway has replaced the record.
type lookout struct {
	directory *directory
	mu        sync.Mutex
	seen      os.FileInfo
}

// news is the record if it has been replaced since the last look.
func (l *lookout) news() (record, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	info, err := os.Stat(l.directory.join(stateName))
	if err != nil || l.seen != nil && os.SameFile(info, l.seen) &&
		info.ModTime().Equal(l.seen.ModTime()) && info.Size() == l.seen.Size() {
		return record{}, false
	}
	r, err := l.directory.load()
	if err != nil {
		return record{}, false
	}
	l.seen = info
	return r, true
}

// watch looks after what changes by itself until ctx ends.
func (g *gateway) watch(ctx context.Context) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			g.look()
		}
	}
}

func (g *gateway) look() {
	g.settle()
	if g.draining.Load() {
		g.follow()
		return
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, name := range g.front.retry() {
		g.log.Printf("listening at %s", name)
	}
	// A hand-over of which only the successor learnt that it succeeded.
	if r, fresh := g.lookout.news(); fresh && r.retired(g.instance) {
		g.retire(r.Owner)
	}
}

// follow points a draining gateway where its successor points, for each
// connection that it has kept may bring one more request.
func (g *gateway) follow() {
	r, fresh := g.lookout.news()
	if !fresh {
		return
	}
	if state, err := r.State.check(); err == nil {
		g.apply(state)
	}
}
