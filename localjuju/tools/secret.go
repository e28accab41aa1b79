package tools

import (
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/jupyter-docker/jupyter-docker/localjuju/cmdline"
	"github.com/jupyter-docker/jupyter-docker/localjuju/hook"
	"github.com/jupyter-docker/jupyter-docker/localjuju/state"
)

// secretFlags are the flags that secret-add and secret-set share.
type secretFlags struct {
	label, description, rotate, expire, file, owner string
}

func (c *Call) secretFlags() *secretFlags {
	f := &secretFlags{}
	c.Flags.StringVar(&f.label, "label", "", "a label used to identify the secret in hooks")
	c.Flags.StringVar(&f.description, "description", "", "the secret description")
	c.Flags.StringVar(&f.rotate, "rotate", "", "the secret rotation policy")
	c.Flags.StringVar(&f.expire, "expire", "", "either a duration or time when the secret should expire")
	c.Flags.StringVar(&f.file, "file", "", "a YAML file containing secret key values")
	c.Flags.StringVar(&f.owner, "owner", "application", "the owner of the secret, either the application or unit")
	return f
}

// update turns the flags and words into a change of a secret.
func (c *Call) update(f *secretFlags, words []string) (up hook.SecretUpdate, err error) {
	if f.owner != "application" && f.owner != "unit" {
		return up, cmdline.Usage("secret owner %q not valid", f.owner)
	}
	if f.rotate != "" {
		if state.RotatePeriods[f.rotate] == 0 && f.rotate != "never" {
			return up, cmdline.Usage("rotate policy %q not valid", f.rotate)
		}
		up.Rotate = &f.rotate
	}
	if f.expire != "" {
		t, err := parseExpire(f.expire)
		if err != nil {
			return up, err
		}
		up.Expire = &t
	}
	if f.label != "" {
		up.Label = &f.label
	}
	if f.description != "" {
		up.Description = &f.description
	}
	up.Content, err = c.content(f.file, words)
	return up, err
}

func parseExpire(text string) (time.Time, error) {
	if d, err := time.ParseDuration(text); err == nil {
		if d <= 0 {
			return time.Time{}, cmdline.Usage("negative expire duration %q not valid", text)
		}
		return time.Now().Add(d), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, cmdline.Usage("expire time or duration %q not valid", text)
	}
	return t, nil
}

// content reads the keys and values; nil if there are none.
func (c *Call) content(file string, words []string) (map[string]string, error) {
	values := map[string]string{}
	if file != "" {
		data, err := c.ReadFile(file)
		if err == nil {
			err = yaml.Unmarshal(data, &values)
		}
		if err != nil {
			return nil, cmdline.Usage("cannot read %s: %v", file, err)
		}
	}
	for _, word := range words {
		k, v, ok := strings.Cut(word, "=")
		if !ok || k == "" {
			return nil, cmdline.Usage("key value %q not valid", word)
		}
		values[k] = v
	}
	return c.decode(values)
}

// decode heeds the endings of keys: #base64 gives the value encoded, #file in a file.
func (c *Call) decode(values map[string]string) (map[string]string, error) {
	if len(values) == 0 {
		return nil, nil
	}
	content := map[string]string{}
	for k, v := range values {
		if name, ok := strings.CutSuffix(k, "#base64"); ok {
			data, err := base64.StdEncoding.DecodeString(v)
			if err != nil {
				return nil, cmdline.Usage("secret value of %q is not base64", name)
			}
			k, v = name, string(data)
		} else if name, ok := strings.CutSuffix(k, "#file"); ok {
			data, err := os.ReadFile(c.Path(v))
			if err != nil {
				return nil, cmdline.Usage("cannot read the value of %q: %v", name, err)
			}
			k, v = name, string(data)
		}
		content[k] = v
	}
	if err := state.CheckSecretKeys(content); err != nil {
		return nil, cmdline.Usage("%v", err)
	}
	return content, nil
}

func secretAdd(c *Call) error {
	f := c.secretFlags()
	if err := c.Parse(0, -1, ""); err != nil {
		return err
	}
	up, err := c.update(f, c.Args)
	if err != nil {
		return err
	}
	if up.Content == nil {
		return cmdline.Usage("missing secret value or filename")
	}
	id, err := c.Hook.AddSecret(f.owner, up)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.Stdout, "secret:%s\n", id)
	return err
}

func secretSet(c *Call) error {
	f := c.secretFlags()
	if err := c.parseURI(-1); err != nil {
		return err
	}
	up, err := c.update(f, c.Args[1:])
	if err != nil {
		return err
	}
	return c.Hook.UpdateSecret(c.Args[0], up)
}
