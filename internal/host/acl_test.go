package host

import (
	"encoding/hex"
	"strings"

	. "gopkg.in/check.v1"
)

type aclSuite struct{}

var _ = Suite(&aclSuite{})

func words(b []byte) string { return hex.EncodeToString(b) }

// TestBytes compares with an attribute that the kernel was seen to take and
// getfacl to print as u::rwx g::rwx g:7777:rwx m::rwx o::---.
func (aclSuite) TestBytes(c *C) {
	want := strings.ReplaceAll("02000000 01000700ffffffff 04000700ffffffff 08000700611e0000 10000700ffffffff 20000000ffffffff", " ", "")
	c.Check(words(acl(7, 7, 0, Readers{Group: 7777}, 7)), Equals, want)
}

// TestUsersAreSorted: the kernel refuses entries that are out of order.
func (aclSuite) TestUsersAreSorted(c *C) {
	got := acl(6, 4, 4, Readers{Group: 7777, Users: []int{1001, 1000, 1001}}, 6)
	want := "02000000 01000600ffffffff 02000600e8030000 02000600e9030000 04000400ffffffff 08000600611e0000 10000600ffffffff 20000400ffffffff"
	c.Check(words(got), Equals, strings.ReplaceAll(want, " ", ""))
}
