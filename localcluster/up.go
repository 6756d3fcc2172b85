package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/serin-rollouts/serin/localcluster/controlplane"
)

// startPatience is how long one part may take to become ready.
const startPatience = 60 * time.Second

// upOptions are the flags of `up`.
type upOptions struct {
	Dir          string
	API          string
	Gateway      string
	Prometheus   string
	Dashboard    string
	Controller   string
	NoController bool
	Fresh        bool
	Manifests    []string
}

func upCommand() *cobra.Command {
	o := upOptions{}
	command := &cobra.Command{
		Use:   "up",
		Short: "Start a cluster, and stay until Ctrl-C",
		Long: `Starts a cluster on a directory and stays in the foreground. The word "ready" on a
line of its own says that every part works.

All state lives in the directory: started again, the cluster goes on where it was,
with --fresh it begins anew. Files of use there:

  kubeconfig       for kubectl and every other client, as administrator
  addresses.json   where each part listens
  logs/            kubernetes.log, etcd.log, controller.log, …

Port 0 chooses a free port; the API server keeps the one it got.`,
		Example: `  serin-local up
  serin-local up --fresh --gateway 127.0.0.1:0 --manifests ./my-crds --manifests app.yaml
  serin-local up --no-controller        # to run your own controller against it`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			return up(command.Context(), o, command.OutOrStdout())
		},
	}
	flags := command.Flags()
	flags.SortFlags = false
	flags.StringVar(&o.Dir, "dir", defaultDir, "directory for all state")
	flags.BoolVar(&o.Fresh, "fresh", false, "remove the state of an earlier cluster first")
	flags.StringVar(&o.API, "api", "127.0.0.1:0", "address of the API server")
	flags.StringVar(&o.Gateway, "gateway", defaultGateway, "address of the ingress gateway; with the default, port 80 too where possible")
	flags.StringVar(&o.Prometheus, "prometheus", "127.0.0.1:0", "address of Prometheus")
	flags.StringVar(&o.Dashboard, "dashboard", "127.0.0.1:3100", "reserved for the dashboard, which is not there yet")
	flags.StringVar(&o.Controller, "controller", "", "the controller to run (default: serin-controller beside this program)")
	flags.BoolVar(&o.NoController, "no-controller", false, "run no controller")
	flags.StringArrayVar(&o.Manifests, "manifests", nil, "file or directory to apply at the start, repeatable (default: ../config/crd beside this program)")
	command.MarkFlagsMutuallyExclusive("controller", "no-controller")
	return command
}

func up(ctx context.Context, o upOptions, out io.Writer) error {
	c, err := newCluster(o, out)
	if err != nil {
		return err
	}
	defer c.close()
	return c.run(ctx, out)
}

// newCluster takes the directory and the ports of a cluster, which close gives
// back. Nothing is started.
func newCluster(o upOptions, out io.Writer) (*cluster, error) {
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, fmt.Errorf("find cluster directory: %w", err)
	}
	o.Dir = dir
	if err := o.complete(); err != nil {
		return nil, err
	}
	c := &cluster{options: o, progress: newProgress(out), failed: make(chan error, 16)}
	if err := c.reserve(); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// reserve takes what belongs to one cluster at a time, and with Fresh empties the
// directory.
func (c *cluster) reserve() (err error) {
	if c.lock, err = lockDir(c.options.Dir); err != nil {
		return err
	}
	previous, err := readAddresses(c.options.Dir)
	if err != nil {
		return err
	}
	if c.ports, err = listen(c.options, previous); err != nil {
		return err
	}
	if c.controllerMetrics, err = c.options.controllerMetrics(); err != nil {
		return err
	}
	if c.options.Fresh {
		return wipe(c.options.Dir)
	}
	return nil
}

// complete fills in what depends on where this program lies, and checks that the
// files exist, before anything is started.
func (o *upOptions) complete() error {
	executable, err := os.Executable()
	if err != nil {
		return fmt.Errorf("find this program: %w", err)
	}
	beside := filepath.Dir(executable)
	if len(o.Manifests) == 0 {
		if own := filepath.Join(beside, "..", "config", "crd"); exists(own) {
			o.Manifests = []string{own}
		}
	}
	for _, path := range o.Manifests {
		if !exists(path) {
			return fmt.Errorf("--manifests %s: there is no such file or directory", path)
		}
	}
	if o.Controller != "" && !exists(o.Controller) {
		return fmt.Errorf("--controller %s: there is no such file", o.Controller)
	}
	if own := filepath.Join(beside, "serin-controller"); o.Controller == "" && !o.NoController && exists(own) {
		o.Controller = own
	}
	return nil
}

// controllerMetrics chooses where the controller shows its metrics; empty when
// none is run.
func (o *upOptions) controllerMetrics() (string, error) {
	if o.Controller == "" {
		return "", nil
	}
	port, err := freePort()
	if err != nil {
		return "", err
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), nil
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// cluster is everything that one `up` runs.
type cluster struct {
	options upOptions
	lock    *os.File
	ports   *listeners
	// controllerMetrics is where the controller shows its metrics, if one is run.
	controllerMetrics string
	progress          *progress
	log               *slog.Logger
	plane             *controlplane.ControlPlane
	// parts run beside the control plane, in the order they were started.
	parts []*part
	// failed gets an error when a part ends on its own.
	failed chan error
}

// run starts every part, says so, and stays until ctx ends or a part fails.
func (c *cluster) run(ctx context.Context, out io.Writer) error {
	started := time.Now()
	fmt.Fprintf(out, "Starting a cluster on %s\n", c.options.Dir)
	if err := c.start(ctx); err != nil {
		if ctx.Err() != nil {
			return nil
		}
		return err
	}
	at := c.addresses()
	fmt.Fprintln(out)
	printAddresses(out, at)
	fmt.Fprintf(out, "\nGo on in another terminal with\n\n  export KUBECONFIG=%s\n  %s kubectl get nodes\n\nready after %s\nready\n",
		c.plane.Kubeconfig, os.Args[0], time.Since(started).Round(100*time.Millisecond))
	select {
	case <-ctx.Done():
		fmt.Fprintln(out, "stopping")
		return nil
	case err := <-c.failed:
		return err
	}
}

func (c *cluster) start(ctx context.Context) error {
	for _, step := range c.steps() {
		stepCtx, cancel := context.WithTimeout(ctx, startPatience)
		err := c.progress.step(step.title, func() error { return step.do(stepCtx) })
		cancel()
		if err != nil {
			return err
		}
	}
	if c.options.Controller == "" && !c.options.NoController {
		c.progress.note("no serin-controller lies beside this program and --controller names none, so Rollouts will not move")
	}
	if note := c.ports.webNote(); note != "" {
		c.progress.note("%s", note)
	}
	saveMemory()
	return nil
}

// runningGC is how much the heap of a running cluster may grow before garbage is
// collected. Unit: percent. Go's own 100 takes 80 MiB more.
const runningGC = 50

// saveMemory gives back what the start left behind, which is twice as much as all
// that follows needs, and keeps the heap small from now on, unless GOGC in the
// environment says how large it may get.
func saveMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(runningGC)
	}
	debug.FreeOSMemory()
}

// step is one thing to do at the start.
type step struct {
	title string
	do    func(context.Context) error
}

// steps are what is started, in this order. Kinds come before the controllers,
// because the garbage collector learns of later ones only after half a minute.
func (c *cluster) steps() []step {
	steps := []step{{"etcd and API server", c.startControlPlane}}
	if len(c.options.Manifests) > 0 {
		steps = append(steps, step{"manifests", c.applyManifests})
	}
	steps = append(steps,
		step{"workload controllers", c.startUpstream},
		step{"node", c.startNode},
		step{"gateway", c.startGateway},
		step{"Prometheus", c.startPrometheus},
		step{"names proxy", c.startNames},
	)
	if c.options.Controller != "" {
		steps = append(steps, step{"Serin controller", c.startController})
	}
	return steps
}

func (c *cluster) startControlPlane(ctx context.Context) (err error) {
	if err := c.openLog(); err != nil {
		return err
	}
	if err := c.addresses().write(c.options.Dir); err != nil {
		return err
	}
	c.plane, err = controlplane.Start(ctx, controlplane.Config{Dir: c.options.Dir, API: c.ports.API, NodeName: nodeObjectName})
	if err != nil {
		return err
	}
	go func() {
		if err := c.plane.Wait(); err != nil {
			c.failed <- err
		}
	}()
	return nil
}

// openLog starts the log of our own parts. What libraries say on the standard
// logger goes there too. It stays open to the end of the process.
func (c *cluster) openLog() error {
	logs := filepath.Join(c.options.Dir, logsName)
	if err := os.MkdirAll(logs, 0o755); err != nil {
		return fmt.Errorf("create log directory: %w", err)
	}
	file, err := os.Create(filepath.Join(logs, "serin-local.log"))
	if err != nil {
		return fmt.Errorf("create log file: %w", err)
	}
	log.SetOutput(file)
	c.log = slog.New(slog.NewTextHandler(file, nil))
	return nil
}

func (c *cluster) applyManifests(ctx context.Context) error {
	_, err := controlplane.Apply(ctx, c.plane.REST, c.options.Manifests)
	return err
}

func (c *cluster) addresses() addresses {
	at := addresses{
		API:            c.ports.API.Addr().String(),
		Gateway:        c.ports.Gateway.Addr().String(),
		Prometheus:     c.ports.Prometheus.Addr().String(),
		Proxy:          c.ports.Proxy.Addr().String(),
		GatewayMetrics: c.ports.GatewayMetrics.Addr().String(),
	}
	if c.ports.Web != nil {
		at.Web = c.ports.Web.Addr().String()
	}
	return at
}
