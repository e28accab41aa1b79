package compat

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/juju/loggo"

	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

var logger = loggo.GetLogger("jupyter-docker")

// inspectionLimit bounds the inspection of one image: a program that runs in a
// container of it, where the engine may be busy with others.
const inspectionLimit = 3 * time.Minute

// Inspector reads what is in an image.
type Inspector interface {
	// Inventory runs the file program in the image with that ID; env is NAME=value
	// over the image's own environment.
	Inventory(ctx context.Context, id, program string, env []string) (spark.Installation, error)
}

// Cache keeps what can be found out again at any time.
type Cache interface {
	Cached(name string) []byte // nil for nothing
	Cache(name string, content []byte) error
}

// Inventories are what was found in images. They are remembered, in the cache and
// for the life of this program: an ID names one content, so an inventory never goes
// stale, and only another version of this program may find something else.
type Inventories struct {
	inspector      Inspector
	cache          Cache
	program, build string

	mu    sync.Mutex // held while an image is inspected: who asks for the same one waits
	found map[string]spark.Installation
}

// NewInventories returns inventories by an inspector. program is the file that it
// runs in an image, build the identity of that program.
func NewInventories(inspector Inspector, cache Cache, program, build string) *Inventories {
	return &Inventories{inspector: inspector, cache: cache, program: program, build: build, found: map[string]spark.Installation{}}
}

// decisive are the variables that say where in an image Spark and Java are.
var decisive = []string{"SPARK_HOME", "SPARK_CONF_DIR", "HADOOP_HOME", "HADOOP_CONF_DIR", "YARN_CONF_DIR", "JAVA_HOME", "PATH", "PYTHONPATH"}

// Of returns what is in the image with that ID. environment is what its container
// gets over the image's own; nil for nothing.
func (i *Inventories) Of(ctx context.Context, id string, environment map[string]string) (spark.Installation, error) {
	var env []string
	for _, name := range decisive {
		if value, set := environment[name]; set {
			env = append(env, name+"="+value)
		}
	}
	sum := sha256.Sum256([]byte(strings.Join(slices.Concat([]string{i.build, id}, env), "\x00")))
	key := hex.EncodeToString(sum[:16])
	i.mu.Lock()
	defer i.mu.Unlock()
	if found, known := i.found[key]; known {
		return found, nil
	}
	var found spark.Installation
	if json.Unmarshal(i.cache.Cached(key), &found) != nil {
		var err error
		if found, err = i.inspect(ctx, key, id, env); err != nil {
			return spark.Installation{}, err
		}
	}
	i.found[key] = found
	return found, nil
}

// inspect reads what is in an image, and caches it where that can be done.
func (i *Inventories) inspect(ctx context.Context, key, id string, env []string) (spark.Installation, error) {
	ctx, cancel := context.WithTimeout(ctx, inspectionLimit)
	defer cancel()
	found, err := i.inspector.Inventory(ctx, id, i.program, env)
	if err != nil {
		return spark.Installation{}, err
	}
	content, err := json.Marshal(found)
	if err == nil {
		err = i.cache.Cache(key, content)
	}
	if err != nil { // the next hook inspects again
		logger.Warningf("cannot keep what was found in image %s: %v", id, err)
	}
	return found, nil
}
