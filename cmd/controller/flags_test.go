package main

import (
	"bytes"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/pflag"
)

// parseFlags parses a command line as the program does.
func parseFlags(t *testing.T, arguments ...string) (*flags, *pflag.FlagSet) {
	t.Helper()
	f, set := newFlags(), pflag.NewFlagSet("serin-controller", pflag.ContinueOnError)
	set.SetOutput(&bytes.Buffer{})
	f.bind(set)
	if err := set.Parse(arguments); err != nil {
		t.Fatalf("parse %v: %v", arguments, err)
	}
	return f, set
}

// The flags of rollouts-controller with their defaults; "" stands for a default that
// is ours on purpose.
func TestFlagsOfTheOtherController(t *testing.T) {
	want := map[string]string{
		"rollout-resync": "900", "namespaced": "false", "loglevel": "info", "logformat": "", "kloglevel": "0",
		"metricsPort": "8090", "metricsport": "8090", "healthzPort": "8080", "instance-id": "", "qps": "", "burst": "80",
		"rollout-threads": "10", "experiment-threads": "10", "analysis-threads": "30", "service-threads": "10", "ingress-threads": "10",
		"ephemeral-metadata-threads": "10", "ephemeral-metadata-update-pod-retries": "3",
		"aws-target-group-binding-api-version": "elbv2.k8s.aws/v1beta1", "alb-tag-key-resource-id": "ingress.k8s.aws/resource",
		"aws-verify-target-group": "false", "alb-verify-weight": "false", "istio-api-version": "v1alpha3",
		"ambassador-api-version": "getambassador.io/v2", "traffic-split-api-version": "v1alpha1",
		"traefik-api-group": "traefik.io", "traefik-api-version": "traefik.io/v1alpha1", "ingress-api-version": "",
		"appmesh-crd-version": "v1beta2", "alb-ingress-classes": "[alb]", "nginx-ingress-classes": "[nginx]",
		"leader-elect": "true", "leader-election-lease-duration": "15s", "leader-election-renew-deadline": "10s",
		"leader-election-retry-period": "2s", "self-service-notification-enabled": "false", "controllers": "[]",
		"enable-pprof-address": "", "version": "false",
		"kubeconfig": "", "context": "", "namespace": "", "as": "", "server": "", "token": "",
	}
	_, set := parseFlags(t)
	for name, value := range want {
		flag := set.Lookup(name)
		if flag == nil {
			t.Errorf("there is no --%s", name)
			continue
		}
		if value != "" && flag.DefValue != value {
			t.Errorf("default of --%s is %q, want %q", name, flag.DefValue, value)
		}
	}
}

func TestFlagsWithoutEffectAreTold(t *testing.T) {
	f, set := parseFlags(t, "--istio-api-version=v1beta1", "--rollout-threads=3", "--alb-verify-weight")
	if diff := cmp.Diff([]string{"istio-api-version", "alb-verify-weight"}, f.withoutEffect(set)); diff != "" {
		t.Errorf("withoutEffect() (-want +got):\n%s", diff)
	}
}

func TestCheck(t *testing.T) {
	cases := map[string]struct {
		arguments []string
		want      string // part of the error; "" for none
	}{
		"nothing given":             {},
		"a log level":               {arguments: []string{"--loglevel=debug"}},
		"no log level":              {arguments: []string{"--loglevel=loud"}, want: "--loglevel loud"},
		"only analysis":             {arguments: []string{"--controllers=analysis"}},
		"a controller there is not": {arguments: []string{"--controllers=x"}, want: "unsupported controller: x"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			f, _ := parseFlags(t, tc.arguments...)
			err := f.check()
			if (err == nil) != (tc.want == "") || err != nil && !strings.Contains(err.Error(), tc.want) {
				t.Errorf("check() = %v, want %q", err, tc.want)
			}
		})
	}
}

func TestScope(t *testing.T) {
	cases := map[string]struct {
		arguments []string
		want      string
	}{
		"all namespaces":                 {},
		"all, whatever the context says": {arguments: []string{"--namespace=web"}},
		"its own":                        {arguments: []string{"--namespaced"}, want: "home"},
		"the one given":                  {arguments: []string{"--namespaced", "--namespace=web"}, want: "web"},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			f, _ := parseFlags(t, tc.arguments...)
			if got := f.scope("home"); got != tc.want {
				t.Errorf("scope() = %q, want %q", got, tc.want)
			}
		})
	}
}

func TestLog(t *testing.T) {
	cases := map[string]struct {
		arguments []string
		want      []string
	}{
		"text": {want: []string{"level=info", `msg="moved"`, "rollout=web"}},
		"json": {arguments: []string{"--logformat=json"}, want: []string{`"level":"info"`, `"msg":"moved"`, `"rollout":"web"`}},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			f, _ := parseFlags(t, tc.arguments...)
			var out bytes.Buffer
			log, err := newLog(&out, f)
			if err != nil {
				t.Fatal(err)
			}
			log.V(1).Info("why")
			log.Info("moved", "rollout", "web")
			line := strings.ReplaceAll(out.String(), "msg=moved", `msg="moved"`)
			for _, want := range tc.want {
				if !strings.Contains(line, want) {
					t.Errorf("line %q lacks %s", line, want)
				}
			}
			if strings.Contains(line, "why") {
				t.Error("a debug line at level info")
			}
		})
	}
}
