package probe

import (
	_ "embed"
	"errors"
	"fmt"
	"strconv"
)

//go:embed pi.py
var pi string

// PiAsked is what pi is computed with.
type PiAsked struct {
	Master  string `json:"master"`  // "" for the configured one
	Slices  int    `json:"slices"`  // tasks
	Seconds int    `json:"seconds"` // that the program has
	Timeout int    `json:"timeout"` // as the operator gave it, in seconds
}

// Code is the program for a kernel.
func (a PiAsked) Code() string { return code(a, hops, pi) }

// Pi is what a program told that computed pi. Times are in seconds.
type Pi struct {
	Way
	Pi        float64 `json:"pi"`
	Spark     string  `json:"spark"`
	Session   float64 `json:"session"`
	First     float64 `json:"first"`
	Warm      float64 `json:"warm"`
	Executors int     `json:"executors"` // that computed; 0 when it is not known
	Note      string  `json:"note"`
	Error     string  `json:"error"`
	Silent    bool    `json:"silent"` // nothing failed, and nothing came
	Done      bool    `json:"done"`
	Log       string  `json:"-"` // what Spark printed in the notebook
}

// Err says in words why pi was not computed, nil when it was.
func (p Pi) Err() error {
	if sentence := p.wrong(); sentence != "" && !p.Done {
		return errors.New(sentence)
	}
	if p.Silent {
		if cause := LastCause(p.Log); cause != "" {
			return fmt.Errorf("%s: %s", p.Error, cause)
		}
		return fmt.Errorf("%s; the action check-driver says why", p.Error)
	}
	if p.Error != "" {
		return errors.New(reason(p.Error, p.Log))
	}
	if !p.Done {
		return errors.New("the program ended without a result")
	}
	return nil
}

// Results are the results of the action, as far as there are any.
func (p Pi) Results() map[string]string {
	out := map[string]string{}
	for name, seconds := range map[string]float64{"session-seconds": p.Session, "first-job-seconds": p.First, "warm-job-seconds": p.Warm} {
		if seconds > 0 {
			out[name] = fmt.Sprintf("%.1f", seconds)
		}
	}
	for name, text := range map[string]string{"master": p.Master, "spark": p.Spark} {
		if text != "" {
			out[name] = text
		}
	}
	if p.First > 0 {
		out["pi"] = strconv.FormatFloat(p.Pi, 'f', 6, 64)
		out["executors"] = "unknown"
		if p.Executors > 0 {
			out["executors"] = strconv.Itoa(p.Executors)
		}
	}
	if p.Note != "" {
		out["note"] = Telling(p.Note)
	}
	return out
}
