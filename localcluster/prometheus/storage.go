package prometheus

import (
	"fmt"
	"log/slog"

	client "github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/prometheus/tsdb"
	"github.com/prometheus/prometheus/tsdb/chunks"
	"github.com/prometheus/prometheus/util/compression"
)

const (
	// walSegment is how large the files of the write-ahead log grow. Unit: bytes.
	walSegment = 16 << 20
	// stripes is the size of the table of series. Prometheus' default is for
	// millions of series and takes megabytes.
	stripes = 512
)

// openStorage opens the samples in dir, and repairs what a killed process left.
// There is no lock file that a killed process could leave: the cluster locks its
// whole directory.
func openStorage(dir string, log *slog.Logger, registry client.Registerer) (*tsdb.DB, error) {
	options := tsdb.DefaultOptions()
	options.NoLockfile = true
	options.RetentionDuration = Retention.Milliseconds()
	options.WALSegmentSize = walSegment
	options.WALCompression = compression.Snappy
	options.StripeSize = stripes
	options.HeadChunksWriteBufferSize = chunks.MinWriteBufferSize
	db, err := tsdb.Open(dir, log, registry, options, tsdb.NewDBStats())
	if err != nil {
		return nil, fmt.Errorf("open the samples in %s: %w", dir, err)
	}
	return db, nil
}

// storage is the database as the API asks for it.
type storage struct{ *tsdb.DB }

// Stats counts series and labels.
func (s storage) Stats(label string, limit int) (*tsdb.Stats, error) {
	return s.Head().Stats(label, limit), nil
}

// WALReplayStatus is empty: nothing is served before the log was replayed.
func (s storage) WALReplayStatus() (tsdb.WALReplayStatus, error) {
	return tsdb.WALReplayStatus{}, nil
}

// BlockMetas describes the blocks on disk.
func (s storage) BlockMetas() ([]tsdb.BlockMeta, error) { return s.DB.BlockMetas(), nil }
