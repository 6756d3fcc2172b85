package prometheus

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	v4 "github.com/aws/aws-sdk-go-v2/aws/signer/v4"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/credentials/stscreds"
	"github.com/aws/aws-sdk-go-v2/service/sts"

	"github.com/serin-rollouts/serin/api/v1alpha1"
)

const (
	amazonService = "aps"
	// credentialsKept bounds what is kept: more settings than that are not in use at
	// the same time.
	credentialsKept = 64
)

// credentials keeps what was fetched for each setting, so that a measurement does
// not cost requests to AWS first.
type credentials struct {
	mu   sync.Mutex
	kept map[v1alpha1.Sigv4Config]aws.Config
}

func newCredentials() *credentials {
	return &credentials{kept: map[v1alpha1.Sigv4Config]aws.Config{}}
}

// find returns the AWS settings for those of a metric. They renew themselves.
func (c *credentials) find(ctx context.Context, wanted v1alpha1.Sigv4Config) (aws.Config, error) {
	c.mu.Lock()
	found, kept := c.kept[wanted]
	c.mu.Unlock()
	if kept {
		return found, nil
	}
	found, err := load(ctx, wanted)
	if err != nil {
		return aws.Config{}, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.kept) >= credentialsKept {
		clear(c.kept)
	}
	c.kept[wanted] = found
	return found, nil
}

// load follows AWS's own chain: environment, files, web identity, instance role.
func load(ctx context.Context, wanted v1alpha1.Sigv4Config) (aws.Config, error) {
	options := []func(*config.LoadOptions) error{config.WithSharedConfigProfile(wanted.Profile)}
	if wanted.Region != "" {
		options = append(options, config.WithRegion(wanted.Region))
	}
	found, err := config.LoadDefaultConfig(ctx, options...)
	if err != nil {
		return aws.Config{}, fmt.Errorf("load AWS settings: %w", err)
	}
	if found.Region == "" {
		return aws.Config{}, errors.New("sigv4: no region in the metric or in the AWS settings")
	}
	if wanted.RoleARN != "" {
		role := stscreds.NewAssumeRoleProvider(sts.NewFromConfig(found), wanted.RoleARN)
		found.Credentials = aws.NewCredentialsCache(role)
	}
	return found, nil
}

// signer signs requests before they go to next.
func (c *credentials) signer(ctx context.Context, next http.RoundTripper, wanted v1alpha1.Sigv4Config) (http.RoundTripper, error) {
	settings, err := c.find(ctx, wanted)
	if err != nil {
		return nil, err
	}
	return roundTrip(func(r *http.Request) (*http.Response, error) {
		signed, err := sign(r, settings)
		if err != nil {
			return nil, err
		}
		return next.RoundTrip(signed)
	}), nil
}

func sign(r *http.Request, settings aws.Config) (*http.Request, error) {
	ctx := r.Context()
	keys, err := settings.Credentials.Retrieve(ctx)
	if err != nil {
		return nil, fmt.Errorf("get AWS credentials: %w", err)
	}
	signed := r.Clone(ctx)
	var body []byte
	if r.Body != nil {
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, fmt.Errorf("read request: %w", err)
		}
		r.Body.Close()
		signed.Body = io.NopCloser(bytes.NewReader(body))
	}
	sum := sha256.Sum256(body)
	err = v4.NewSigner().SignHTTP(ctx, keys, signed, hex.EncodeToString(sum[:]), amazonService, settings.Region, time.Now())
	if err != nil {
		return nil, fmt.Errorf("sign request: %w", err)
	}
	return signed, nil
}
