package story

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"time"
)

// What the manifests of examples/canary-ingress and examples/canary-analysis say.
const (
	rollout      = "canary-demo"
	host         = "canary.auto"
	analysisHost = "progressive-auto-in-k8s.cheverjohn.me"
	image        = "argoproj/rollouts-demo"
)

// Where they are applied.
const (
	namespace         = "canary-test"
	analysisNamespace = "canary-analysis"
)

const (
	// statePatience is how long the Rollout may take to the next state. Two of its
	// pauses last half a minute.
	statePatience = 90 * time.Second
	// settleSample is how many requests are sent at a time to see whether the
	// gateway has heard of a change.
	settleSample = 50
	// calmLimit is how long failures are waited for to end after an abort.
	calmLimit = 30 * time.Second
)

// pace says how much is counted. Tests count less.
type pace struct {
	// exact is how many requests show that all are answered alike, and share how
	// many show a share.
	exact, share int
	// settled is for how long one colour alone answers before it is counted, and
	// patience how long that is waited for.
	settled, patience time.Duration
	// rate is how many requests a second the background load sends.
	rate int
	// calm is how many requests of the background load are served in a row before
	// failures are taken to have ended.
	calm int
}

// demoPace leaves little to chance. The gateway decides request by request at
// random, so a counted share strays, at 50 % by √(0.5·0.5/5000) = 0.7 points as a
// rule. The tolerance of 3 is 4.2 times that, which one demo in 45,000 exceeds;
// of 1,000 requests it were one in 17. A canary that fails a fifth of the requests
// looks calm for 100 of them once in 5,000,000,000.
func demoPace() pace {
	return pace{exact: 1000, share: 5000, settled: time.Second, patience: 10 * time.Second, rate: 50, calm: 100}
}

// Config is what a story needs.
type Config struct {
	// Kubeconfig is the file for clients of the cluster.
	Kubeconfig string
	// Gateway is where the ingress gateway listens, as host:port.
	Gateway string
	// Path is a directory with the programs kubectl and kubectl-argo-rollouts.
	Path string
	// Root is the directory that holds examples, and Scratch one for files that the
	// story writes.
	Root, Scratch string
	// Out is told the story; Terminal says that it shows colours.
	Out      io.Writer
	Terminal bool
}

// errOff says that a number was not as expected. What was off comes with it.
var errOff = errors.New("not as expected")

// Run plays the story and tells it. The error says what went wrong: a command or
// a wait that failed, or numbers that are off.
func Run(ctx context.Context, cfg Config) error {
	by, err := clusterScene(cfg, namespace, host)
	if err != nil {
		return err
	}
	judged, err := clusterScene(cfg, analysisNamespace, analysisHost)
	if err != nil {
		return err
	}
	s := &story{
		narrator: &narrator{out: cfg.Out, terminal: cfg.Terminal},
		typist:   shell{path: cfg.Path, dir: cfg.Root, kubeconfig: cfg.Kubeconfig},
		scene:    by,
		judged:   judged,
		root:     cfg.Root, scratch: cfg.Scratch,
		pace: demoPace(),
	}
	defer by.visitor.close()
	defer judged.visitor.close()
	return s.play(ctx)
}

// scene is where a part of the story plays.
type scene struct {
	namespace string
	cluster   watcher
	visitor   *visitor
}

func clusterScene(cfg Config, namespace, host string) (scene, error) {
	cluster, err := newClusterWatcher(cfg.Kubeconfig, namespace, rollout)
	return scene{namespace: namespace, cluster: cluster, visitor: newVisitor(cfg.Gateway, host)}, err
}

// story is one play of the demo. It is for one goroutine.
type story struct {
	*narrator
	typist typist
	// scene is where it plays now, and judged where it goes on.
	scene
	judged        scene
	root, scratch string
	pace          pace
	// load runs from the first version of a scene on; nil before.
	load *load
	// passed judged the release before.
	passed analysisRun
	checks []check
}

// turn goes on at another scene.
func (s *story) turn(to scene) {
	s.endLoad()
	s.scene = to
}

func (s *story) endLoad() {
	if s.load != nil {
		s.load.end()
		s.load = nil
	}
}

// play tells everything, then judges. What goes wrong on the way ends it early.
func (s *story) play(ctx context.Context) error {
	err := s.tell(ctx)
	s.endLoad()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if len(s.checks) > 0 {
		s.table(s.checks)
	}
	return errors.Join(err, s.verdict())
}

func (s *story) tell(ctx context.Context) error {
	for _, chapter := range []func(context.Context) error{
		s.firstVersion, s.goodRelease, s.badRelease,
		s.judgedVersion, s.passingRelease, s.failingRelease,
	} {
		if err := chapter(ctx); err != nil {
			return err
		}
	}
	return nil
}

// verdict is nil when every number was as expected.
func (s *story) verdict() error {
	var off []string
	for _, c := range s.checks {
		if !c.ok {
			off = append(off, fmt.Sprintf("%s: expected %s, seen %s", c.phase, c.want, c.seen))
		}
	}
	if len(off) == 0 {
		return nil
	}
	return fmt.Errorf("%d of %d numbers %w:\n  %s", len(off), len(s.checks), errOff, strings.Join(off, "\n  "))
}

// note keeps a check and shows it.
func (s *story) note(c check) {
	s.checks = append(s.checks, c)
	s.checked(c)
}

// enter types a command line and shows what it prints.
func (s *story) enter(ctx context.Context, line string) error {
	s.command(line)
	var printed string
	err := s.during(func() string { return "running" }, func() (err error) {
		printed, err = s.typist.run(ctx, line)
		return err
	})
	if err != nil {
		return err
	}
	s.output(printed)
	return nil
}

// await waits until the Rollout is in a state that matches.
func (s *story) await(ctx context.Context, what string, matches func(state) bool) error {
	ctx, cancel := context.WithTimeoutCause(ctx, statePatience, fmt.Errorf("not within %s", statePatience))
	defer cancel()
	started := time.Now()
	var last atomic.Pointer[state]
	last.Store(&state{})
	err := s.during(func() string { return last.Load().String() }, func() error {
		return s.cluster.watch(ctx, func(now state) bool {
			last.Store(&now)
			return matches(now)
		})
	})
	if err != nil {
		return fmt.Errorf("wait until the Rollout is %s: %w; it is %s", what, err, last.Load())
	}
	s.arrived("the Rollout is "+what, time.Since(started))
	return nil
}

// awaitPhase waits until the Rollout is in a phase.
func (s *story) awaitPhase(ctx context.Context, phase string) error {
	return s.await(ctx, phase, func(now state) bool { return now.Phase == phase })
}

// awaitPause waits until the Rollout is paused with so many steps done and so much
// traffic for the canary.
func (s *story) awaitPause(ctx context.Context, steps, weight int64) error {
	what := fmt.Sprintf("%s with the canary at %d %%", paused, weight)
	return s.await(ctx, what, func(now state) bool {
		return now.Phase == paused && now.Step == steps && now.Weight == weight
	})
}

// sample counts the answers to n requests.
func (s *story) sample(ctx context.Context, n int, h header) (counted tally, err error) {
	var progress atomic.Int64
	now := func() string {
		return fmt.Sprintf("%s of %s requests answered", thousands(int(progress.Load())), thousands(n))
	}
	err = s.during(now, func() error {
		counted, err = s.visitor.sample(ctx, n, h, &progress)
		return err
	})
	return counted, err
}

// settled waits until the gateway has heard of a change and of all that follows
// from it: one colour answers everything for a while. When that does not come in
// time, the count that follows shows it.
func (s *story) settled(ctx context.Context, color string, h header) error {
	deadline := time.Now().Add(s.pace.patience)
	since := time.Now()
	for time.Now().Before(deadline) && time.Since(since) < s.pace.settled {
		counted, err := s.visitor.sample(ctx, settleSample, h, new(atomic.Int64))
		if err != nil {
			return err
		}
		if counted.served[color] != counted.total {
			since = time.Now()
		}
	}
	return nil
}

// countOnly expects that one colour answers every request with this header.
func (s *story) countOnly(ctx context.Context, phase, color string, h header) error {
	now := func() string { return "letting the gateway settle" }
	if err := s.during(now, func() error { return s.settled(ctx, color, h) }); err != nil {
		return err
	}
	counted, err := s.sample(ctx, s.pace.exact, h)
	if err != nil {
		return err
	}
	s.note(checkOnly(phase, color, counted))
	return nil
}

// countShare expects that a colour answers a share of the requests.
func (s *story) countShare(ctx context.Context, phase, color string, percent float64) error {
	counted, err := s.sample(ctx, s.pace.share, header{})
	if err != nil {
		return err
	}
	s.note(checkShare(phase, color, percent, counted))
	return nil
}
