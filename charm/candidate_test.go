package charm

import (
	. "gopkg.in/check.v1"

	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
)

type candidateSuite struct{}

var _ = Suite(&candidateSuite{})

// A server that passed over the settings printed a token of its own, which then
// stood in the unit's status.
func (candidateSuite) TestNoTokenIsRepeated(c *C) {
	a := &application{in: notebook.Inputs{Credential: &notebook.Credential{Token: "OURS", CookieSecret: "COOKIE"}}}
	c.Check(a.censor("http://127.0.0.1:8888/lab?token=0123abcd&x=1 OURS COOKIE"), Equals,
		"http://127.0.0.1:8888/lab?token=(token)&x=1 (token) (secret)")
}
