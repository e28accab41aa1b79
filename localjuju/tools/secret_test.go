package tools

import (
	"strings"

	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// TestSecretLife follows a secret of the application: kept back, read by all of
// its units, tracked, refreshed.
func (s *toolsSuite) TestSecretLife(c *C) {
	leader := s.context("app/0", "")
	code, uri, _ := s.run(leader, "secret-add --label pass word=one")
	c.Assert(code, Equals, 0)
	c.Assert(strings.HasPrefix(uri, "secret:"), Equals, true)
	id := strings.TrimPrefix(uri, "secret:")
	s.check(c, leader, toolTest{"secret-get " + uri + " word", 0, "one"}, toolTest{"secret-get " + uri, 0, "word: one"},
		toolTest{"secret-ids", 0, id})
	s.check(c, s.context("app/0", ""), toolTest{"secret-get --label pass", 1, "not found"}, toolTest{"secret-ids --format json", 0, "null"})
	s.flush(c, leader)

	peer := s.context("app/1", "")
	s.check(c, peer, toolTest{"secret-get --label pass --format json", 0, `{"word":"one"}`},
		toolTest{"secret-get " + uri + " nothing", 1, `secret key value "nothing" not found`},
		toolTest{"secret-info-get " + uri, 1, "not found"}, // owners only
		toolTest{"secret-set " + uri + " word=two", 1, "not found"})

	leader = s.context("app/0", "")
	s.check(c, leader, toolTest{"secret-get " + uri + " word", 0, "one"},
		toolTest{"secret-add --label pass word=x", 1, "already exists"},
		toolTest{"secret-set " + uri + " word=two", 0, ""},
		toolTest{"secret-get " + uri + " word", 0, "one"},
		toolTest{"secret-get " + uri + " word --peek", 0, "two"},
		toolTest{"secret-info-get --label pass --format json", 0, `{"` + id + `":{"label":"pass","owner":"application","revision":1,"rotation":"never"}}`})
	s.flush(c, leader)

	dropped := s.context("app/1", "")
	s.check(c, dropped, toolTest{"secret-get " + uri + " word", 0, "one"}, toolTest{"secret-get " + uri + " word --refresh", 0, "two"})
	kept := s.context("app/1", "") // the run above failed: its tracking was dropped
	s.check(c, kept, toolTest{"secret-get " + uri + " word", 0, "one"}, toolTest{"secret-get " + uri + " word --refresh", 0, "two"},
		toolTest{"secret-get --label pass --peek --refresh", 2, "not both"})
	s.flush(c, kept)
	s.check(c, s.context("app/1", ""), toolTest{"secret-get " + uri + " word", 0, "two"})

	last := s.context("app/0", "")
	s.check(c, last, toolTest{"secret-remove " + uri, 0, ""})
	s.flush(c, last)
	s.check(c, s.context("app/1", ""), toolTest{"secret-get " + uri, 1, "not found"})
}

func (s *toolsSuite) TestSecretGrant(c *C) {
	owner := s.context("app/1", "")
	_, uri, _ := s.run(owner, "secret-add --owner unit key=value")
	s.flush(c, owner)
	s.check(c, s.context("web/0", ""), toolTest{"secret-get " + uri, 1, `"web/0" is not allowed to read this secret`})
	granter := s.context("app/1", "")
	s.check(c, granter, toolTest{"secret-grant " + uri + " -r web:0", 0, ""}, toolTest{"secret-grant " + uri, 2, "no relation id"})
	s.flush(c, granter)
	s.check(c, s.context("web/0", ""), toolTest{"secret-get --label mine " + uri, 0, "key: value"}, toolTest{"secret-get --label mine", 0, "key: value"},
		toolTest{"secret-get --label mine key", 2, "not valid"})
	revoker := s.context("app/1", "")
	s.check(c, revoker, toolTest{"secret-revoke " + uri + " -r web:0", 0, ""})
	s.flush(c, revoker)
	s.check(c, s.context("web/0", ""), toolTest{"secret-get " + uri, 1, "not allowed"})
}

// TestSameContent pins that writing what is there makes no revision.
func (s *toolsSuite) TestSameContent(c *C) {
	ctx := s.context("app/0", "")
	_, uri, _ := s.run(ctx, "secret-add word=one")
	s.flush(c, ctx)
	again := s.context("app/0", "")
	s.check(c, again, toolTest{"secret-set " + uri + " word=one", 0, ""})
	s.flush(c, again)
	s.store.Read(func(w *state.World) {
		c.Check(w.Models["m"].FindSecret(uri).Revisions, HasLen, 1)
	})
}
