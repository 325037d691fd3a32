package audit

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Checkpoint is what a log commits to at a size: the root of its tree.
type Checkpoint struct {
	Origin string // the name of the log
	Size   int64
	Root   [32]byte
}

// Proof shows that an entry is in a log, or that a log begins with another. It
// goes through JSON and holds nothing personal.
type Proof struct {
	Size   int64    `json:"size"`           // of the tree it is for
	Index  int64    `json:"index"`          // of the entry (inclusion)
	Old    int64    `json:"old,omitempty"`  // of the smaller tree (consistency)
	Leaf   []byte   `json:"leaf,omitempty"` // of the entry (inclusion)
	Hashes [][]byte `json:"hashes"`
}

// Root returns the root of the tree of the first size entries.
func (l *Log) Root(size int64) ([32]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if size < 0 || size > l.n {
		return [32]byte{}, fmt.Errorf("%w: size %d", ErrRange, size)
	}
	h, err := tlog.TreeHash(size, l.reader())
	return h, err
}

func (l *Log) reader() tlog.HashReader { return &pendingHashes{l: l, from: l.stored} }

// ProveInclusion proves that the entry is in the log of a size.
func (l *Log) ProveInclusion(index, size int64) (Proof, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if index < 0 || index >= size || size > l.n {
		return Proof{}, fmt.Errorf("%w: entry %d of %d", ErrRange, index, size)
	}
	p, err := tlog.ProveRecord(size, index, l.reader())
	if err != nil {
		return Proof{}, err
	}
	leaf := make([]byte, 32)
	if _, err := l.leaves.ReadAt(leaf, index*32); err != nil {
		return Proof{}, err
	}
	return Proof{Size: size, Index: index, Leaf: leaf, Hashes: bytesOf(p)}, nil
}

// ProveConsistency proves that the log of a size begins with the log of an
// older size.
func (l *Log) ProveConsistency(old, size int64) (Proof, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if old < 1 || old > size || size > l.n {
		return Proof{}, fmt.Errorf("%w: sizes %d and %d", ErrRange, old, size)
	}
	p, err := tlog.ProveTree(size, old, l.reader())
	if err != nil {
		return Proof{}, err
	}
	return Proof{Size: size, Old: old, Hashes: bytesOf(p)}, nil
}

func bytesOf(list []tlog.Hash) [][]byte {
	out := make([][]byte, len(list))
	for i := range list {
		out[i] = list[i][:]
	}
	return out
}

func (p *Proof) hashes() ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(p.Hashes))
	for i, b := range p.Hashes {
		if copy(out[i][:], b) != len(b) || len(b) != tlog.HashSize {
			return nil, ErrProof
		}
	}
	return out, nil
}

// ErrProof is returned for a proof that does not prove.
var ErrProof = errors.New("audit: the proof does not hold")

// VerifyInclusion checks, without the log, that an entry is in the log of a
// checkpoint. entry and salt may be nil: then only the leaf is checked, which
// is all that is left of an erased entry.
func VerifyInclusion(p Proof, c Checkpoint, salt *Salt, entry []byte) error {
	hashes, err := p.hashes()
	if err != nil || p.Size != c.Size || len(p.Leaf) != 32 {
		return ErrProof
	}
	if salt != nil {
		if leaf := Leaf(*salt, entry); string(leaf[:]) != string(p.Leaf) {
			return ErrProof
		}
	}
	if tlog.CheckRecord(hashes, c.Size, c.Root, p.Index, tlog.RecordHash(p.Leaf)) != nil {
		return ErrProof
	}
	return nil
}

// VerifyConsistency checks, without the log, that the log of a checkpoint
// begins with that of an older one.
func VerifyConsistency(p Proof, old, current Checkpoint) error {
	hashes, err := p.hashes()
	if err != nil || p.Size != current.Size || p.Old != old.Size {
		return ErrProof
	}
	if tlog.CheckTree(hashes, current.Size, current.Root, old.Size, old.Root) != nil {
		return ErrProof
	}
	return nil
}

// Checkpoint signs the log as it stands: a note of three lines (the signer's
// name as origin, the size, the root in base64) with an Ed25519 signature, as
// package golang.org/x/mod/sumdb/note makes them. Witnesses can add theirs.
func (l *Log) Checkpoint(signers ...note.Signer) ([]byte, error) {
	if len(signers) == 0 {
		return nil, errors.New("audit: a checkpoint needs a signer")
	}
	size := l.Len()
	root, err := l.Root(size)
	if err != nil {
		return nil, err
	}
	text := signers[0].Name() + "\n" + strconv.FormatInt(size, 10) + "\n" + base64.StdEncoding.EncodeToString(root[:]) + "\n"
	return note.Sign(&note.Note{Text: text}, signers...)
}

// ErrCheckpoint is wrapped by errors about a checkpoint that is malformed or
// not signed by whom it should be.
var ErrCheckpoint = errors.New("audit: the checkpoint cannot be trusted")

// OpenCheckpoint verifies a signed checkpoint. The first verifier must be that
// of the log: its name has to be the origin, and its signature there.
func OpenCheckpoint(signed []byte, verifiers ...note.Verifier) (Checkpoint, error) {
	if len(verifiers) == 0 {
		return Checkpoint{}, fmt.Errorf("%w: a verifier is due", ErrCheckpoint)
	}
	n, err := note.Open(signed, note.VerifierList(verifiers...))
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", ErrCheckpoint, err)
	}
	lines := strings.Split(n.Text, "\n")
	if len(lines) < 4 || lines[0] != verifiers[0].Name() {
		return Checkpoint{}, fmt.Errorf("%w: another origin", ErrCheckpoint)
	}
	own := false
	for _, s := range n.Sigs {
		own = own || s.Name == verifiers[0].Name() && s.Hash == verifiers[0].KeyHash()
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	root, rootErr := base64.StdEncoding.DecodeString(lines[2])
	if !own || err != nil || size < 0 || strconv.FormatInt(size, 10) != lines[1] || rootErr != nil || len(root) != 32 {
		return Checkpoint{}, ErrCheckpoint
	}
	return Checkpoint{lines[0], size, [32]byte(root)}, nil
}
