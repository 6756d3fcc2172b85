package plugin

import (
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"net/rpc"
	"os/exec"
	"time"

	"github.com/hashicorp/go-hclog"
	goplugin "github.com/hashicorp/go-plugin"
)

const (
	protocolVersion = 1
	cookieName      = "ARGO_ROLLOUTS_RPC_PLUGIN"
	startTimeout    = 30 * time.Second
)

// kind is one of the protocols of plugins: the cookie that a program of the kind
// expects, and the name under which it answers.
type kind struct{ cookie, key string }

func metricProvider() kind { return kind{cookie: "metricprovider", key: "RpcMetricProviderPlugin"} }

// failure is an error as it travels; "" is none. Its name on the wire is RpcError.
type failure struct{ ErrorString string }

// process is a plugin's program: started when it is first used, and again when it
// does not answer any more.
type process struct {
	name string
	kind kind
	path string
	args []string
	log  io.Writer

	// lock is held by who looks whether the program runs. A channel, so that waiting
	// for it can be given up.
	lock   chan struct{}
	client *goplugin.Client
	calls  *rpc.Client
}

func newProcess(item Item, k kind, path string, log io.Writer) *process {
	return &process{name: item.Name, kind: k, path: path, args: item.Args, log: log, lock: make(chan struct{}, 1)}
}

// call asks the program. It returns when ctx ends, whether or not there is an answer.
func (p *process) call(ctx context.Context, method string, args, answer any) error {
	calls, err := p.alive(ctx)
	if err != nil {
		return err
	}
	return ask(ctx, calls, method, args, answer)
}

func ask(ctx context.Context, calls *rpc.Client, method string, args, answer any) error {
	select {
	case done := <-calls.Go("Plugin."+method, args, answer, make(chan *rpc.Call, 1)).Done:
		return done.Error
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// alive returns a connection to a program that answers, starting it if it must.
func (p *process) alive(ctx context.Context) (*rpc.Client, error) {
	select {
	case p.lock <- struct{}{}:
		defer func() { <-p.lock }()
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	if p.calls != nil && p.answers() {
		return p.calls, nil
	}
	p.stop()
	if err := p.start(ctx); err != nil {
		p.stop()
		return nil, fmt.Errorf("start plugin %s: %w", p.name, err)
	}
	return p.calls, nil
}

func (p *process) answers() bool {
	connection, err := p.client.Client()
	return err == nil && connection.Ping() == nil
}

func (p *process) start(ctx context.Context) error {
	p.client = goplugin.NewClient(&goplugin.ClientConfig{
		HandshakeConfig: goplugin.HandshakeConfig{ProtocolVersion: protocolVersion, MagicCookieKey: cookieName, MagicCookieValue: p.kind.cookie},
		Plugins:         goplugin.PluginSet{p.kind.key: raw{}},
		Cmd:             exec.CommandContext(context.WithoutCancel(ctx), p.path, p.args...),
		StartTimeout:    startTimeout,
		// What goes wrong comes back as an error, too.
		Logger: hclog.NewNullLogger(),
		Stderr: p.log,
	})
	connection, err := p.client.Client()
	if err != nil {
		return err
	}
	dispensed, err := connection.Dispense(p.kind.key)
	if err != nil {
		return err
	}
	calls, is := dispensed.(*rpc.Client)
	if !is {
		return fmt.Errorf("%T is no connection", dispensed)
	}
	var (
		nothing any
		failed  failure
	)
	if err := ask(ctx, calls, "InitPlugin", &nothing, &failed); err != nil {
		return fmt.Errorf("initialise: %w", err)
	}
	if failed.ErrorString != "" {
		return fmt.Errorf("initialise: %s", failed.ErrorString)
	}
	p.calls = calls
	return nil
}

// stop ends the program, if there is one.
func (p *process) stop() {
	if p.client != nil {
		p.client.Kill()
	}
	p.client, p.calls = nil, nil
}

// close ends the program for good, after whoever is starting it.
func (p *process) close() {
	p.lock <- struct{}{}
	defer func() { <-p.lock }()
	p.stop()
}

// raw leaves the connection as it is: what is called on it is the caller's affair.
type raw struct{}

// Server implements goplugin.Plugin for programs, which we are not.
func (raw) Server(*goplugin.MuxBroker) (any, error) { return nil, errors.New("not a plugin") }

// Client implements goplugin.Plugin.
func (raw) Client(_ *goplugin.MuxBroker, calls *rpc.Client) (any, error) { return calls, nil }

// register names the types that travel as arguments, as the other side names them.
// Repeating it changes nothing.
func register() {
	gob.RegisterName("RpcError", new(failure))
	gob.RegisterName("RunArgs", new(runArgs))
	gob.RegisterName("TerminateAndResumeArgs", new(measurementArgs))
	gob.RegisterName("GarbageCollectArgs", new(collectArgs))
	gob.RegisterName("GetMetadataArgs", new(metricArgs))
}
