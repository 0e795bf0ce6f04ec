// Verifies a log of Gatescribe with golang.org/x/mod as it is: notes, tree and proofs are that module's, and no line of this program
// knows how a hash is made. Its own are only the paths of tiles, the lines of a checkpoint and of a proof, and the lengths in a bundle.
//
//	verifylog -key VKEY [-older CHECKPOINT] [-proof TLOG-PROOF -entry FILE] FOLDER
//
// Prints one JSON object; ends with 1 where anything does not hold.
package main

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const (
	tileHeight  = 8
	tileEntries = 1 << tileHeight
)

// result is what is printed. Counts are of what was checked.
type result struct {
	OK     bool   `json:"ok"`
	Error  string `json:"error,omitempty"`
	Origin string `json:"origin,omitempty"`
	Size   int64  `json:"size"`
	// Entries whose hash is the one in the tree.
	Entries int64 `json:"entries"`
	// Entries whose inclusion was proved and checked one by one.
	Proved int64 `json:"proved"`
	// Size of the older checkpoint that the tree has grown from.
	GrownFrom *int64 `json:"grownFrom,omitempty"`
	// Index of the entry that the proof file is about.
	ProofOf *int64 `json:"proofOf,omitempty"`
}

func main() {
	key := flag.String("key", "", "verifier key of the log")
	older := flag.String("older", "", "a checkpoint that the log must have grown from")
	proof := flag.String("proof", "", "a .tlog-proof")
	entry := flag.String("entry", "", "the entry that the proof is about")
	flag.Parse()

	var found result
	err := verify(&found, *key, flag.Arg(0), *older, *proof, *entry)
	found.OK = err == nil
	if err != nil {
		found.Error = err.Error()
	}
	printed, _ := json.Marshal(found)
	fmt.Println(string(printed))
	if err != nil {
		os.Exit(1)
	}
}

func verify(found *result, key, folder, older, proof, entry string) error {
	verifier, err := note.NewVerifier(key)
	if err != nil {
		return err
	}
	tree, err := openCheckpoint(filepath.Join(folder, "checkpoint"), verifier)
	if err != nil {
		return err
	}
	found.Origin, found.Size = verifier.Name(), tree.N
	hashes := tlog.TileHashReader(tree, tiles{folder})
	if err := checkEntries(found, folder, tree, hashes); err != nil {
		return err
	}
	if older != "" {
		if err := checkGrowth(found, older, verifier, tree, hashes); err != nil {
			return err
		}
	}
	if proof != "" {
		return checkProof(found, proof, entry, verifier)
	}
	return nil
}

// openCheckpoint reads a signed checkpoint: origin, size and root, each on a line of its own.
func openCheckpoint(path string, verifier note.Verifier) (tlog.Tree, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return tlog.Tree{}, err
	}
	return parseCheckpoint(text, verifier)
}

func parseCheckpoint(text []byte, verifier note.Verifier) (tlog.Tree, error) {
	opened, err := note.Open(text, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	lines := strings.Split(opened.Text, "\n")
	if len(lines) != 4 || lines[0] != verifier.Name() {
		return tlog.Tree{}, errors.New("not a checkpoint of this log")
	}
	size, err := strconv.ParseInt(lines[1], 10, 64)
	if err != nil {
		return tlog.Tree{}, err
	}
	root, err := tlog.ParseHash(lines[2])
	return tlog.Tree{N: size, Hash: root}, err
}

// tiles reads those of a folder. Paths are as in c2sp.org/tlog-tiles, which leaves out the height that this module writes.
type tiles struct{ folder string }

func (tiles) Height() int                     { return tileHeight }
func (tiles) SaveTiles([]tlog.Tile, [][]byte) {}

func (t tiles) ReadTiles(wanted []tlog.Tile) ([][]byte, error) {
	read := make([][]byte, len(wanted))
	for i, tile := range wanted {
		bytes, err := t.read(tile)
		if err != nil {
			return nil, err
		}
		read[i] = bytes
	}
	return read, nil
}

// read gives a partial tile from the full one where it is gone.
func (t tiles) read(tile tlog.Tile) ([]byte, error) {
	bytes, err := os.ReadFile(t.path(tile))
	if errors.Is(err, os.ErrNotExist) && tile.W < tileEntries {
		length := tile.W * tlog.HashSize
		tile.W = tileEntries
		if bytes, err = os.ReadFile(t.path(tile)); err == nil && len(bytes) >= length {
			bytes = bytes[:length]
		}
	}
	return bytes, err
}

func (t tiles) path(tile tlog.Tile) string {
	return filepath.Join(t.folder, strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight), "tile/", 1))
}

// checkEntries holds every entry against its hash in the tree, and proves some of them one by one. A pruned beginning is passed over.
func checkEntries(found *result, folder string, tree tlog.Tree, hashes tlog.HashReader) error {
	if tree.N == 0 {
		return nil
	}
	for first := int64(0); first < tree.N; first += tileEntries {
		entries, err := readBundle(folder, first, tree.N)
		if errors.Is(err, os.ErrNotExist) && found.Entries == 0 {
			continue
		}
		if err != nil {
			return err
		}
		indexes := make([]int64, len(entries))
		for i := range entries {
			indexes[i] = tlog.StoredHashIndex(0, first+int64(i))
		}
		known, err := hashes.ReadHashes(indexes)
		if err != nil {
			return err
		}
		for i, entry := range entries {
			index := first + int64(i)
			hash := tlog.RecordHash(entry)
			if known[i] != hash {
				return fmt.Errorf("entry %d is not the one in the tree", index)
			}
			found.Entries++
			if !isSampled(index, tree.N) {
				continue
			}
			proof, err := tlog.ProveRecord(tree.N, index, hashes)
			if err != nil {
				return err
			}
			if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, hash); err != nil {
				return fmt.Errorf("entry %d: %w", index, err)
			}
			found.Proved++
		}
	}
	return nil
}

// isSampled: about a thousand entries, the first, the last and those beside the edges of tiles among them.
func isSampled(index, size int64) bool {
	within := index % tileEntries
	return size < 1000 || index == size-1 || index%(size/1000) == 0 || (size < 100_000 && (within == 0 || within == tileEntries-1))
}

// readBundle reads the entries from first on, each behind its length, of a full bundle or of the partial one at this size.
func readBundle(folder string, first, size int64) ([][]byte, error) {
	width := int64(tileEntries)
	if size-first < width {
		width = size - first
	}
	// The paths of bundles are those of tiles of a level that the module calls data.
	tile := tlog.Tile{H: tileHeight, L: -1, N: first / tileEntries, W: int(width)}
	path := func() string {
		return filepath.Join(folder, strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/data/", tileHeight), "tile/entries/", 1))
	}
	bytes, err := os.ReadFile(path())
	if errors.Is(err, os.ErrNotExist) && width < tileEntries {
		tile.W = tileEntries
		bytes, err = os.ReadFile(path())
	}
	if err != nil {
		return nil, err
	}
	entries := make([][]byte, 0, width)
	for int64(len(entries)) < width {
		if len(bytes) < 2 || len(bytes)-2 < int(binary.BigEndian.Uint16(bytes)) {
			return nil, fmt.Errorf("entry %d is cut off", first+int64(len(entries)))
		}
		length := int(binary.BigEndian.Uint16(bytes))
		entries = append(entries, bytes[2:2+length])
		bytes = bytes[2+length:]
	}
	if tile.W == int(width) && len(bytes) > 0 {
		return nil, fmt.Errorf("something follows entry %d in its bundle", first+width-1)
	}
	return entries, nil
}

func checkGrowth(found *result, path string, verifier note.Verifier, tree tlog.Tree, hashes tlog.HashReader) error {
	before, err := openCheckpoint(path, verifier)
	if err != nil {
		return err
	}
	if before.N > tree.N {
		return fmt.Errorf("the log was rolled back from %d entries to %d", before.N, tree.N)
	}
	proof, err := tlog.ProveTree(tree.N, before.N, hashes)
	if err != nil {
		return err
	}
	if err := tlog.CheckTree(proof, tree.N, tree.Hash, before.N, before.Hash); err != nil {
		return fmt.Errorf("not grown from %d entries: %w", before.N, err)
	}
	found.GrownFrom = &before.N
	return nil
}

// checkProof reads c2sp.org/tlog-proof: index, hashes, and behind an empty line the checkpoint.
func checkProof(found *result, path, entryPath string, verifier note.Verifier) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	entry, err := os.ReadFile(entryPath)
	if err != nil {
		return err
	}
	head, checkpoint, isWhole := strings.Cut(string(text), "\n\n")
	lines := strings.Split(head, "\n")
	if !isWhole || len(lines) < 2 || lines[0] != "c2sp.org/tlog-proof@v1" || !strings.HasPrefix(lines[1], "index ") {
		return errors.New("not a tlog-proof without extra data")
	}
	index, err := strconv.ParseInt(strings.TrimPrefix(lines[1], "index "), 10, 64)
	if err != nil {
		return err
	}
	var proof tlog.RecordProof
	for _, line := range lines[2:] {
		bytes, err := base64.StdEncoding.Strict().DecodeString(line)
		if err != nil || len(bytes) != tlog.HashSize {
			return errors.New("a line of the proof is no hash")
		}
		proof = append(proof, tlog.Hash(*(*[tlog.HashSize]byte)(bytes)))
	}
	tree, err := parseCheckpoint([]byte(checkpoint), verifier)
	if err != nil {
		return err
	}
	if err := tlog.CheckRecord(proof, tree.N, tree.Hash, index, tlog.RecordHash(entry)); err != nil {
		return fmt.Errorf("the proof of entry %d: %w", index, err)
	}
	found.ProofOf = &index
	return nil
}
