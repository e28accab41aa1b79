// Package compat holds an image beside a cluster: the facts of both, the rules
// that they must meet, and the verdict. It asks the engine and the cluster through
// the interfaces that it declares, and changes nothing at either.
package compat

import (
	"context"

	"github.com/jupyter-docker/jupyter-docker/internal/cluster"
	"github.com/jupyter-docker/jupyter-docker/internal/notebook"
	"github.com/jupyter-docker/jupyter-docker/internal/spark"
)

// Images are the engine's.
type Images interface {
	// ImageID returns the ID of the image that ref names on this engine, "" where
	// there is none or ref is no reference.
	ImageID(ctx context.Context, ref string) (string, error)
}

// Asker asks a cluster for its versions, and how its addresses answer. It is
// cluster.Ask. hadoop is Hadoop's files by name.
type Asker func(ctx context.Context, t spark.Target, hadoop map[string]string) cluster.Answer

// Checker compares images with clusters. It holds handles alone.
type Checker struct {
	Images      Images
	Inventories *Inventories
	Ask         Asker
}

// Needed reports whether there is a cluster to ask, or versions to compare.
func Needed(s notebook.SparkSpec) bool {
	given := s.Release != "" || s.Versions.Any()
	return s.Target.Cluster() || given && s.Check != notebook.CheckOff
}

// Judge asks the cluster, and compares with its answer what was found in an image.
// A cluster that does not answer is part of the verdict; an error is the engine's,
// which has the executors' image on Kubernetes.
func (c Checker) Judge(ctx context.Context, s notebook.SparkSpec, found spark.Installation) (Verdict, error) {
	hadoop := s.Hadoop
	if hadoop == nil {
		hadoop = found.HadoopConf
	}
	answer := c.Ask(ctx, s.Target, hadoop)
	if s.Target.Kind == spark.Kubernetes {
		facts, err := c.executorFacts(ctx, s.Conf)
		if err != nil {
			return Verdict{}, err
		}
		answer.Facts = facts
	}
	return Verdict{
		Report: spark.Compare(s.Target, s.Release, s.Python, found.Facts, answer.Facts, s.Versions),
		Reach:  answer.Reach, Notes: answer.Notes, Image: found, Check: s.Check,
		Warnings: spark.Warnings(s.Target, s.Driver, s.Conf),
	}, nil
}

// executorFacts are those of the image that executors on Kubernetes run, where this
// engine has that image. Hadoop's version is left out: the image has the client
// alone, and the cluster's is not known.
func (c Checker) executorFacts(ctx context.Context, conf []spark.Entry) (spark.Facts, error) {
	ref := ""
	for _, e := range conf { // the last of several counts, as for Spark
		if e.Key == "spark.kubernetes.container.image" {
			ref = e.Value
		}
	}
	if ref == "" {
		return spark.Facts{}, nil
	}
	id, err := c.Images.ImageID(ctx, ref)
	if id == "" || err != nil {
		return spark.Facts{}, err
	}
	found, err := c.Inventories.Of(ctx, id, nil)
	if err != nil {
		return spark.Facts{}, err
	}
	found.Hadoop = spark.Fact{}
	return found.Facts.In(ref), nil
}
