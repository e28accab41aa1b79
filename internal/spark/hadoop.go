package spark

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var hadoopFile = regexp.MustCompile(`^([a-z0-9]+-)*(site|client)(\.xml)?$`)

// HadoopFileName is the name of the file that a key of hadoop-conf stands for:
// "core-site" and "core-site.xml" are core-site.xml. Others are none of Hadoop's
// client.
func HadoopFileName(key string) (string, bool) {
	if !hadoopFile.MatchString(key) {
		return "", false
	}
	return strings.TrimSuffix(key, ".xml") + ".xml", true
}

// Properties are Hadoop's, by name.
type Properties map[string]string

// ParseHadoop reads the properties of Hadoop's files.
func ParseHadoop(files map[string]string) (Properties, error) {
	out := Properties{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		var file struct {
			XMLName    xml.Name
			Properties []struct {
				Name  string `xml:"name"`
				Value string `xml:"value"`
			} `xml:"property"`
		}
		decoder := xml.NewDecoder(strings.NewReader(files[name]))
		decoder.CharsetReader = latin1
		if err := decoder.Decode(&file); err != nil || file.XMLName.Local != "configuration" {
			return nil, fmt.Errorf("has a %s that is no Hadoop configuration: want <configuration> in XML", name)
		}
		for _, p := range file.Properties {
			out[strings.TrimSpace(p.Name)] = strings.TrimSpace(p.Value)
		}
	}
	return out, nil
}

// latin1 reads a file of another charset: of those, ISO-8859-1 is in use, and
// names and addresses are ASCII in all.
func latin1(_ string, input io.Reader) (io.Reader, error) {
	text, err := io.ReadAll(input)
	runes := make([]rune, len(text))
	for i, b := range text {
		runes[i] = rune(b)
	}
	return strings.NewReader(string(runes)), err
}

var variable = regexp.MustCompile(`\$\{([^{}$]+)\}`)

// get is a property's value; ${name} in it stands for another's, as in Hadoop.
func (p Properties) get(name string) string {
	value := p[name]
	for range 20 { // Hadoop's own limit
		next := variable.ReplaceAllStringFunc(value, func(v string) string {
			if other, ok := p[v[2:len(v)-1]]; ok {
				return other
			}
			return v
		})
		if next == value {
			return value
		}
		value = next
	}
	return value
}

// hosts are the addresses of a service, of which there may be several by id.
func (p Properties) addresses(ids, address, hostname string, port int) (out []Address) {
	names := []string{""}
	if list := p.get(ids); list != "" {
		names = nil
		for _, id := range strings.Split(list, ",") {
			names = append(names, "."+strings.TrimSpace(id))
		}
	}
	for _, id := range names {
		at := p.get(address + id)
		if at == "" && hostname != "" {
			at = p.get(hostname + id)
		}
		if host, number := split(at, port); host != "" && !strings.Contains(host, "$") && host != "0.0.0.0" {
			out = append(out, Address{host, number})
		}
	}
	return out
}

const rmIDs, rmHost = "yarn.resourcemanager.ha.rm-ids", "yarn.resourcemanager.hostname"

// OwnModes reports whether files get the modes that the cluster has settled on: its
// files are on HDFS, or it names a umask.
func (p Properties) OwnModes() bool {
	return p.get("fs.permissions.umask-mode") != "" || strings.HasPrefix(p.get("fs.defaultFS"), "hdfs:")
}

// ResourceManagers are where applications are submitted.
func (p Properties) ResourceManagers() []Address {
	return p.addresses(rmIDs, "yarn.resourcemanager.address", rmHost, 8032)
}

// ResourceManagerPages are the URLs of the resource managers' REST.
func (p Properties) ResourceManagerPages() (out []string) {
	scheme, key, port := "http", "yarn.resourcemanager.webapp.address", 8088
	if p.get("yarn.http.policy") == "HTTPS_ONLY" {
		scheme, key, port = "https", "yarn.resourcemanager.webapp.https.address", 8090
	}
	ids := p.addresses(rmIDs, key, "", port)
	if len(ids) == 0 {
		for _, rm := range p.ResourceManagers() {
			ids = append(ids, Address{rm.Host, port})
		}
	}
	for _, at := range ids {
		out = append(out, scheme+"://"+at.String())
	}
	return out
}

// NameNodes are where the file system's names are kept, none when it is not HDFS.
func (p Properties) NameNodes() []Address {
	u, err := url.Parse(p.get("fs.defaultFS"))
	if err != nil || u.Scheme != "hdfs" {
		return nil
	}
	if service := u.Host; p.get("dfs.ha.namenodes."+service) != "" {
		return p.addresses("dfs.ha.namenodes."+service, "dfs.namenode.rpc-address."+service, "", 8020)
	}
	host, port := split(u.Host, 8020)
	return []Address{{host, port}}
}

// CheckHadoop returns what Hadoop's files lack for a client of the target to find
// its cluster: Hadoop itself asks 0.0.0.0 again and again without a word.
func CheckHadoop(t Target, files map[string]string) error {
	p, err := ParseHadoop(files)
	if err != nil {
		return err
	}
	if len(p) == 0 {
		return errors.New("is empty: no property is in it")
	}
	if t.Kind != YARN {
		return nil
	}
	if len(p.ResourceManagers()) == 0 {
		return errors.New("does not say where YARN is: yarn-site needs yarn.resourcemanager.hostname")
	}
	if fs := p.get("fs.defaultFS"); fs == "" || strings.HasPrefix(fs, "file:") {
		return errors.New("does not say where the cluster's files are: core-site needs fs.defaultFS")
	}
	return nil
}
