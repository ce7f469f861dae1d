// Checks what our log publishes by torchwood's own reading of policies, checkpoints and proofs.
//
//	torchwood-check POLICY checkpoint FILE
//	torchwood-check POLICY proof FILE LEAF-HASH-IN-HEX
//
// Exits 0 and prints the checkpoint's text, or "verified", when the policy is met; exits 1 with the reason when not.
package main

import (
	"encoding/hex"
	"fmt"
	"log"
	"os"

	"filippo.io/torchwood"
	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) < 4 {
		log.Fatal("usage: torchwood-check POLICY checkpoint FILE | POLICY proof FILE LEAF-HASH")
	}
	policy, err := torchwood.ParsePolicy(read(os.Args[1]))
	if err != nil {
		log.Fatal(err)
	}
	file := read(os.Args[3])
	switch {
	case os.Args[2] == "checkpoint" && len(os.Args) == 4:
		checkpoint, _, err := torchwood.VerifyCheckpoint(file, policy)
		if err != nil {
			log.Fatal(err)
		}
		fmt.Print(checkpoint)
	case os.Args[2] == "proof" && len(os.Args) == 5:
		hash, err := hex.DecodeString(os.Args[4])
		if err != nil || len(hash) != tlog.HashSize {
			log.Fatal("the leaf hash is not 64 hex digits")
		}
		if err := torchwood.VerifyProof(policy, tlog.Hash(hash), file); err != nil {
			log.Fatal(err)
		}
		fmt.Println("verified")
	default:
		log.Fatal("neither a checkpoint nor a proof with its leaf hash")
	}
}

func read(path string) []byte {
	bytes, err := os.ReadFile(path)
	if err != nil {
		log.Fatal(err)
	}
	return bytes
}
