package charm

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"
	"sync"

	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// images are what was found in images in this hook.
type images struct {
	mu    sync.Mutex
	found map[string]spark.Image
}

// decisive are the variables that say where in an image Spark and Java are.
var decisive = []string{"SPARK_HOME", "SPARK_CONF_DIR", "HADOOP_HOME", "HADOOP_CONF_DIR", "YARN_CONF_DIR", "JAVA_HOME", "PATH", "PYTHONPATH"}

// inventory is what is in an image, by its id: an image never changes, so it is
// looked into once, and again only by another version of this program.
func (c *Charm) inventory(ctx context.Context, id string, environment map[string]string) (spark.Image, error) {
	c.images.mu.Lock()
	defer c.images.mu.Unlock()
	var env []string
	for _, name := range decisive {
		if value, set := environment[name]; set {
			env = append(env, name+"="+value)
		}
	}
	b, err := json.Marshal(slices.Concat([]string{c.build, id}, env))
	if err != nil {
		return spark.Image{}, err
	}
	sum := sha256.Sum256(b)
	key := hex.EncodeToString(sum[:16])
	if found, known := c.images.found[key]; known {
		return found, nil
	}
	var found spark.Image
	if json.Unmarshal(c.dirs.Cached(key), &found) != nil {
		ctx, cancel := context.WithTimeout(ctx, stepLimit)
		defer cancel()
		if found, err = c.engine.Inventory(ctx, id, c.program, env); err != nil {
			return found, err
		}
		if b, err := json.Marshal(found); err == nil {
			c.warn(c.dirs.Cache(key, b))
		}
	}
	if c.images.found == nil {
		c.images.found = map[string]spark.Image{}
	}
	c.images.found[key] = found
	return found, nil
}
