package audit

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"sync"

	"golang.org/x/mod/sumdb/tlog"
)

// The files of a log.
const (
	leavesFile = "leaves" // 32 bytes per entry; what the log is
	hashesFile = "hashes" // the inner hashes of the tree, which follow from the leaves
	eventsFile = "events" // the entries, with their salts, which can be erased
)

// maxEntry bounds one entry.
const maxEntry = 16 << 20

// Errors of logs.
var (
	// ErrErased is returned for an entry that was erased.
	ErrErased = errors.New("audit: the entry was erased")
	// ErrDamaged is wrapped if the files of a log contradict each other.
	ErrDamaged = errors.New("audit: the log is damaged")
	// ErrRange is wrapped for an entry or a size that the log does not have.
	ErrRange = errors.New("audit: the log has no such entry")
)

// Log is an append-only log in a directory.
type Log struct {
	mu     sync.Mutex
	leaves *os.File
	hashes *os.File
	events *os.File
	n      int64
	stored int64   // hashes in the file
	at     []int64 // where each entry's frame begins
	end    int64   // of the events
}

// Open opens the log in a directory, and makes both if they do not exist. What
// a crash left half-written is taken back; files that contradict each other
// are an error.
func Open(dir string) (*Log, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	l := new(Log)
	for _, f := range [...]struct {
		name string
		file **os.File
	}{{leavesFile, &l.leaves}, {hashesFile, &l.hashes}, {eventsFile, &l.events}} {
		file, err := os.OpenFile(filepath.Join(dir, f.name), os.O_RDWR|os.O_CREATE, 0o600)
		if err != nil {
			l.Close()
			return nil, err
		}
		*f.file = file
	}
	if err := l.recover(); err != nil {
		l.Close()
		return nil, err
	}
	return l, nil
}

// Close closes the files.
func (l *Log) Close() error {
	var err error
	for _, f := range [...]*os.File{l.leaves, l.hashes, l.events} {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	return err
}

// frameHeader is the index (8), the length (4) and the salt (32) before each
// entry. An erased entry keeps its length and has zeros for salt and bytes.
const frameHeader = 8 + 4 + len(Salt{})

// recover finds out how much of the files belongs together. Entries are
// written first, then leaves, then hashes: what has no leaf was never
// appended.
func (l *Log) recover() error {
	size, err := l.leaves.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	l.n = size / 32
	if err := l.leaves.Truncate(l.n * 32); err != nil {
		return err
	}
	if err := l.scanEvents(); err != nil {
		return err
	}
	size, err = l.hashes.Seek(0, io.SeekEnd)
	if err != nil {
		return err
	}
	l.stored = min(size/tlog.HashSize, tlog.StoredHashCount(l.n))
	if err := l.hashes.Truncate(l.stored * tlog.HashSize); err != nil {
		return err
	}
	// Hashes that are missing follow from the leaves. Those of a whole entry
	// are written at once, so begin with the last whole one.
	whole := l.n
	for whole > 0 && tlog.StoredHashCount(whole) > l.stored {
		whole--
	}
	l.stored = tlog.StoredHashCount(whole)
	var leaf [32]byte
	for i := whole; i < l.n; i++ {
		if _, err := l.leaves.ReadAt(leaf[:], i*32); err != nil {
			return err
		}
		if err := l.appendHashes(i, [][32]byte{leaf}); err != nil {
			return err
		}
	}
	return nil
}

// scanEvents finds where the entries begin.
func (l *Log) scanEvents() error {
	if _, err := l.events.Seek(0, io.SeekStart); err != nil {
		return err
	}
	r := bufio.NewReaderSize(l.events, 1<<20)
	var h [frameHeader]byte
	for int64(len(l.at)) < l.n {
		if _, err := io.ReadFull(r, h[:]); err != nil {
			return fmt.Errorf("%w: entry %d is missing", ErrDamaged, len(l.at))
		}
		index, length := binary.LittleEndian.Uint64(h[:]), int64(binary.LittleEndian.Uint32(h[8:]))
		if index != uint64(len(l.at)) || length > maxEntry {
			return fmt.Errorf("%w: entry %d", ErrDamaged, len(l.at))
		}
		if _, err := io.CopyN(io.Discard, r, length); err != nil {
			return fmt.Errorf("%w: entry %d is cut off", ErrDamaged, len(l.at))
		}
		l.at = append(l.at, l.end)
		l.end += int64(frameHeader) + length
	}
	return l.events.Truncate(l.end)
}

// Len returns how many entries the log has.
func (l *Log) Len() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.n
}

// Append appends an entry with a salt of its own and returns its index. The
// entry is in the log when Append returns without an error; it is on the disk
// after Sync.
func (l *Log) Append(e *Entry, salt Salt) (int64, error) {
	data, err := json.Marshal(e)
	if err != nil {
		return 0, err
	}
	return l.AppendBytes([]Salt{salt}, [][]byte{data})
}

// AppendBytes appends several entries at once, each in its JSON form and with
// its salt, and returns the index of the first: many times faster than one by
// one. Either all are appended or none.
func (l *Log) AppendBytes(salts []Salt, entries [][]byte) (int64, error) {
	if len(salts) != len(entries) {
		return 0, fmt.Errorf("%w: a salt for each entry is due", ErrRange)
	}
	size := 0
	for i, e := range entries {
		if salts[i] == (Salt{}) {
			return 0, errors.New("audit: a salt of zeros marks an erased entry")
		}
		if len(e) > maxEntry {
			return 0, fmt.Errorf("audit: an entry of more than %d bytes", maxEntry)
		}
		size += frameHeader + len(e)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	frames := make([]byte, 0, size)
	leaves := make([]byte, 0, 32*len(entries))
	list := make([][32]byte, len(entries))
	at := make([]int64, len(entries))
	for i, e := range entries {
		at[i] = l.end + int64(len(frames))
		frames = binary.LittleEndian.AppendUint64(frames, uint64(l.n)+uint64(i))
		frames = binary.LittleEndian.AppendUint32(frames, uint32(len(e)))
		frames = append(append(frames, salts[i][:]...), e...)
		list[i] = Leaf(salts[i], e)
		leaves = append(leaves, list[i][:]...)
	}
	if _, err := l.events.WriteAt(frames, l.end); err != nil {
		return 0, err
	}
	if _, err := l.leaves.WriteAt(leaves, l.n*32); err != nil {
		return 0, errors.Join(err, l.leaves.Truncate(l.n*32))
	}
	first := l.n
	if err := l.appendHashes(first, list); err != nil {
		return 0, errors.Join(err, l.leaves.Truncate(l.n*32), l.hashes.Truncate(l.stored*tlog.HashSize))
	}
	l.n += int64(len(entries))
	l.end += int64(len(frames))
	l.at = append(l.at, at...)
	return first, nil
}

// appendHashes writes the hashes that some leaves add to the tree.
func (l *Log) appendHashes(first int64, leaves [][32]byte) error {
	pending := pendingHashes{l: l, from: l.stored}
	for i, leaf := range leaves {
		hashes, err := tlog.StoredHashesForRecordHash(first+int64(i), tlog.RecordHash(leaf[:]), &pending)
		if err != nil {
			return err
		}
		for _, h := range hashes {
			pending.bytes = append(pending.bytes, h[:]...)
		}
	}
	if _, err := l.hashes.WriteAt(pending.bytes, l.stored*tlog.HashSize); err != nil {
		return err
	}
	l.stored += int64(len(pending.bytes) / tlog.HashSize)
	return nil
}

// pendingHashes reads hashes that may not be written yet.
type pendingHashes struct {
	l     *Log
	from  int64
	bytes []byte
}

// ReadHashes implements tlog.HashReader.
func (p *pendingHashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		if x >= p.from {
			at := int(x-p.from) * tlog.HashSize
			if at+tlog.HashSize > len(p.bytes) {
				return nil, fmt.Errorf("%w: no hash %d", ErrDamaged, x)
			}
			copy(out[i][:], p.bytes[at:])
			continue
		}
		if _, err := p.l.hashes.ReadAt(out[i][:], x*tlog.HashSize); err != nil {
			return nil, fmt.Errorf("%w: no hash %d", ErrDamaged, x)
		}
	}
	return out, nil
}

// Sync brings what was appended to the disk.
func (l *Log) Sync() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return errors.Join(l.events.Sync(), l.leaves.Sync(), l.hashes.Sync())
}

// Read returns the bytes and the salt of an entry, or an error that is
// ErrErased. An entry that does not fit its leaf is an error.
func (l *Log) Read(index int64) ([]byte, Salt, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	data, salt, err := l.frame(index)
	if err != nil {
		return nil, Salt{}, err
	}
	if salt == (Salt{}) {
		return nil, Salt{}, ErrErased
	}
	var leaf [32]byte
	if _, err := l.leaves.ReadAt(leaf[:], index*32); err != nil {
		return nil, Salt{}, err
	}
	if Leaf(salt, data) != leaf {
		return nil, Salt{}, fmt.Errorf("%w: entry %d was changed", ErrDamaged, index)
	}
	return data, salt, nil
}

func (l *Log) frame(index int64) ([]byte, Salt, error) {
	if index < 0 || index >= l.n {
		return nil, Salt{}, fmt.Errorf("%w: %d", ErrRange, index)
	}
	var h [frameHeader]byte
	if _, err := l.events.ReadAt(h[:], l.at[index]); err != nil {
		return nil, Salt{}, err
	}
	length := int64(binary.LittleEndian.Uint32(h[8:]))
	next := l.end
	if index+1 < l.n {
		next = l.at[index+1]
	}
	if l.at[index]+int64(frameHeader)+length != next {
		return nil, Salt{}, fmt.Errorf("%w: entry %d", ErrDamaged, index)
	}
	data := make([]byte, length)
	_, err := l.events.ReadAt(data, l.at[index]+int64(frameHeader))
	return data, Salt(h[12:]), err
}

// Erase overwrites an entry and its salt. The tree does not change: every
// checkpoint and proof stays valid, and says that there was an entry.
func (l *Log) Erase(index int64) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	data, _, err := l.frame(index)
	if err != nil {
		return err
	}
	_, err = l.events.WriteAt(make([]byte, len(Salt{})+len(data)), l.at[index]+12)
	return err
}

// Verify reads the whole log: every entry that was not erased must fit its
// leaf, and the hashes must follow from the leaves. It returns how many
// entries were erased, and takes the same memory for a log of any length.
//
// A log that was cut back to an older state, or made anew, is whole in itself:
// only a checkpoint shows that it is not what it was. See [Log.Check].
func (l *Log) Verify() (erased int64, err error) {
	l.mu.Lock()
	n := l.n
	l.mu.Unlock()
	read := pendingHashes{l: l, from: math.MaxInt64}
	var leaf, stored [32]byte
	next := int64(0) // the hash that is to be verified; those before are
	for i := range n {
		switch _, _, err := l.Read(i); {
		case errors.Is(err, ErrErased):
			erased++
		case err != nil:
			return erased, err
		}
		if _, err := l.leaves.ReadAt(leaf[:], i*32); err != nil {
			return erased, err
		}
		hashes, err := tlog.StoredHashesForRecordHash(i, tlog.RecordHash(leaf[:]), &read)
		if err != nil {
			return erased, err
		}
		for _, h := range hashes {
			if _, err := l.hashes.ReadAt(stored[:], next*tlog.HashSize); err != nil || stored != h {
				return erased, fmt.Errorf("%w: hash %d does not follow from the leaves", ErrDamaged, next)
			}
			next++
		}
	}
	return erased, nil
}

// Check reports, as an error that is ErrDamaged, a log that does not begin with
// what a checkpoint of it committed to: one that has lost entries since, or in
// which entries were changed or changed places. Together with Verify it shows
// that the log is whole.
func (l *Log) Check(c Checkpoint) error {
	if n := l.Len(); c.Size > n {
		return fmt.Errorf("%w: %d entries of %d are left", ErrDamaged, n, c.Size)
	}
	root, err := l.Root(c.Size)
	switch {
	case err != nil:
		return err
	case root != c.Root:
		return fmt.Errorf("%w: the first %d entries are not those of the checkpoint", ErrDamaged, c.Size)
	}
	return nil
}
