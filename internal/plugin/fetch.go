package plugin

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

const fetchTimeout = 5 * time.Minute

// fetch puts a plugin's program at FOLDER/ORGANISATION/NAME, where only the controller
// may run it, and returns the path. A program with another checksum never gets there.
func fetch(ctx context.Context, item Item, folder string, headers http.Header) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	source, err := open(ctx, item.Location, headers)
	if err != nil {
		return "", fmt.Errorf("fetch plugin %s: %w", item.Name, err)
	}
	defer source.Close()
	path, err := filepath.Abs(filepath.Join(folder, filepath.FromSlash(item.Name)))
	if err != nil {
		return "", fmt.Errorf("fetch plugin %s: %w", item.Name, err)
	}
	if err := store(source, path, item.SHA256); err != nil {
		return "", fmt.Errorf("fetch plugin %s: %w", item.Name, err)
	}
	return path, nil
}

func open(ctx context.Context, location string, headers http.Header) (io.ReadCloser, error) {
	if path, is := strings.CutPrefix(location, "file://"); is {
		return os.Open(path)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, location, nil)
	if err != nil {
		return nil, err
	}
	request.Header = headers.Clone()
	client := http.Client{CheckRedirect: keepingTo(request.URL, headers)}
	response, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		response.Body.Close()
		return nil, fmt.Errorf("get %s: %s", request.URL.Redacted(), response.Status)
	}
	return response.Body, nil
}

// keepingTo follows redirects, and gives headers that may be secret to no other host.
func keepingTo(first *url.URL, headers http.Header) func(*http.Request, []*http.Request) error {
	return func(next *http.Request, before []*http.Request) error {
		if len(before) >= 10 {
			return errors.New("stopped after 10 redirects")
		}
		if next.URL.Host != first.Host || next.URL.Scheme != first.Scheme {
			for name := range headers {
				next.Header.Del(name)
			}
		}
		return nil
	}
}

// store writes a program beside its path and moves it there when its checksum, unless
// that is "", is right.
func store(source io.Reader, path, checksum string) error {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	file, err := os.CreateTemp(filepath.Dir(path), ".fetching-*")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	sum := sha256.New()
	_, err = io.Copy(io.MultiWriter(file, sum), source)
	err = errors.Join(err, file.Chmod(0o700), file.Close())
	if err != nil {
		return err
	}
	if got := hex.EncodeToString(sum.Sum(nil)); checksum != "" && !strings.EqualFold(got, checksum) {
		return fmt.Errorf("sha256 is %s, want %s", got, checksum)
	}
	return os.Rename(file.Name(), path)
}
