package plan

import "errors"

// Why a write did not happen. Executors wrap one of these; anything else is a
// fault that is tried again after a pause.
var (
	// ErrConflict: the object changed since it was observed. Look again, quietly.
	ErrConflict = errors.New("changed since it was observed")
	// ErrCollision: an object of this name exists and is not ours, or not the one meant.
	ErrCollision = errors.New("name is taken by another object")
	// ErrInvalid: the API server refuses the object itself; the user must act.
	ErrInvalid = errors.New("refused as invalid")
)
