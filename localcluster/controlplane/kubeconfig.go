package controlplane

import (
	"fmt"
	"os"

	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	clientcmdapi "k8s.io/client-go/tools/clientcmd/api"
)

// contextName names cluster, user and context in the kubeconfig.
const contextName = "serin-local"

// writeKubeconfig writes an administrator's kubeconfig for the server. The
// certificates are embedded, so that the file may be copied anywhere.
func writeKubeconfig(file, server string, p *pki) error {
	config := clientcmdapi.NewConfig()
	config.CurrentContext = contextName
	config.Contexts[contextName] = &clientcmdapi.Context{Cluster: contextName, AuthInfo: contextName, Namespace: "default"}
	data := make([][]byte, 3)
	for i, name := range []string{p.CAFile, p.Admin.CertFile, p.Admin.KeyFile} {
		content, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read certificate for kubeconfig: %w", err)
		}
		data[i] = content
	}
	config.Clusters[contextName] = &clientcmdapi.Cluster{Server: server, CertificateAuthorityData: data[0]}
	config.AuthInfos[contextName] = &clientcmdapi.AuthInfo{ClientCertificateData: data[1], ClientKeyData: data[2]}
	if err := clientcmd.WriteToFile(*config, file); err != nil {
		return fmt.Errorf("write kubeconfig: %w", err)
	}
	return nil
}

// restConfig reads the kubeconfig for clients inside this process. They are not
// throttled: the API server's own priority and fairness is enough.
func restConfig(file string) (*rest.Config, error) {
	config, err := clientcmd.BuildConfigFromFlags("", file)
	if err != nil {
		return nil, fmt.Errorf("read kubeconfig: %w", err)
	}
	config.QPS = -1
	return config, nil
}
