package docker

import (
	"fmt"

	"github.com/docker/docker/pkg/jsonmessage"
)

// progress sums a pull's layers up.
type progress struct {
	layers map[string]*layer
}

type layer struct {
	current, total int64
	done           bool
	last           string
}

// update takes a message in; it reports whether anything moved.
func (p *progress) update(m jsonmessage.JSONMessage) bool {
	if m.ID == "" || m.Status == "Pulling from "+m.ID {
		return true
	}
	if p.layers == nil {
		p.layers = map[string]*layer{}
	}
	l := p.layers[m.ID]
	if l == nil {
		if m.Progress == nil && m.Status != "Pulling fs layer" && m.Status != "Already exists" {
			return true
		}
		l = &layer{}
		p.layers[m.ID] = l
	}
	seen := m.Status // and the bytes: a person's rounding hides what is slow
	if m.Progress != nil {
		seen += fmt.Sprint(" ", m.Progress.Current)
	}
	moved := seen != l.last
	l.last = seen
	switch m.Status {
	case "Downloading":
		if m.Progress != nil {
			l.current, l.total = m.Progress.Current, m.Progress.Total
		}
	case "Download complete":
		l.current = l.total
	case "Pull complete", "Already exists":
		l.current, l.done = l.total, true
	}
	return moved
}

func (p *progress) String() string {
	if len(p.layers) == 0 {
		return "pulling: the registry has named no layers yet"
	}
	var done int
	var current int64
	for _, l := range p.layers {
		current += l.current
		if l.done {
			done++
		}
	}
	return fmt.Sprintf("pulling %d/%d layers, %s", done, len(p.layers), fraction(current, p.size()))
}

// size is how many bytes the layers have, packed, as far as is known.
func (p *progress) size() (total int64) {
	for _, l := range p.layers {
		total += l.total
	}
	return total
}

// fraction prints two numbers of bytes in the unit of the second: "1.2/3.1 GB".
func fraction(part, whole int64) string {
	unit, name := 1e6, "MB"
	if whole >= 1e9 {
		unit, name = 1e9, "GB"
	}
	return fmt.Sprintf("%.1f/%.1f %s", float64(part)/unit, float64(whole)/unit, name)
}
