// Command metric is a metric provider plugin made of the published packages, as
// authors of plugins write them. It answers with what it was asked, so that a test
// sees what travelled.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"time"

	"github.com/argoproj/argo-rollouts/metricproviders/plugin/rpc"
	"github.com/argoproj/argo-rollouts/pkg/apis/rollouts/v1alpha1"
	"github.com/argoproj/argo-rollouts/utils/plugin/types"
	goplugin "github.com/hashicorp/go-plugin"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const name = "serin/echo"

// settings are the plugin's own, from the metric.
type settings struct {
	// Phase of the answers; Message and Value likewise.
	Phase   v1alpha1.AnalysisPhase `json:"phase"`
	Message string                 `json:"message"`
	// Crash ends the process at the next call; Hang does not answer.
	Crash bool `json:"crash"`
	Hang  bool `json:"hang"`
}

// echo answers with what it was asked.
type echo struct{}

func (echo) InitPlugin() types.RpcError {
	if len(os.Args) > 1 && os.Args[1] == "--broken" {
		return types.RpcError{ErrorString: "broken on purpose"}
	}
	return types.RpcError{}
}

func (echo) Run(run *v1alpha1.AnalysisRun, metric v1alpha1.Metric) v1alpha1.Measurement {
	return answer("run", run, metric, v1alpha1.Measurement{})
}

func (echo) Resume(run *v1alpha1.AnalysisRun, metric v1alpha1.Metric, m v1alpha1.Measurement) v1alpha1.Measurement {
	return answer("resume", run, metric, m)
}

func (echo) Terminate(run *v1alpha1.AnalysisRun, metric v1alpha1.Metric, m v1alpha1.Measurement) v1alpha1.Measurement {
	return answer("terminate", run, metric, m)
}

func (echo) GarbageCollect(run *v1alpha1.AnalysisRun, metric v1alpha1.Metric, limit int) types.RpcError {
	return types.RpcError{ErrorString: fmt.Sprintf("collected %s/%s to %d", run.Name, metric.Name, limit)}
}

func (echo) Type() string { return "Echo" }

func (echo) GetMetadata(metric v1alpha1.Metric) map[string]string {
	return map[string]string{"settings": string(metric.Provider.Plugin[name])}
}

// answer tells all that a measurement can tell.
func answer(call string, run *v1alpha1.AnalysisRun, metric v1alpha1.Metric, m v1alpha1.Measurement) v1alpha1.Measurement {
	var s settings
	if err := json.Unmarshal(metric.Provider.Plugin[name], &s); err != nil {
		s = settings{Phase: v1alpha1.AnalysisPhaseError, Message: err.Error()}
	}
	if s.Crash {
		os.Exit(3)
	}
	if s.Hang {
		time.Sleep(time.Hour)
	}
	asked, err := json.Marshal(map[string]any{"run": run, "metric": metric, "measurement": m})
	if err != nil {
		asked = []byte(err.Error())
	}
	later := metav1.NewTime(time.Date(2026, 5, 1, 12, 0, 30, 0, time.UTC))
	now := metav1.NewTime(time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC))
	return v1alpha1.Measurement{
		Phase: s.Phase, Message: s.Message, Value: string(asked), StartedAt: &now, FinishedAt: &now, ResumeAt: &later,
		Metadata: map[string]string{"call": call, "pid": strconv.Itoa(os.Getpid())},
	}
}

func main() {
	goplugin.Serve(&goplugin.ServeConfig{
		HandshakeConfig: goplugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "ARGO_ROLLOUTS_RPC_PLUGIN", MagicCookieValue: "metricprovider"},
		Plugins:         map[string]goplugin.Plugin{"RpcMetricProviderPlugin": &rpc.RpcMetricProviderPlugin{Impl: echo{}}},
	})
}
