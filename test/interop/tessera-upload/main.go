// Uploads what a log holds now to a mirror, by Tessera's own client of tlog-mirror, and prints the mirror's cosignatures.
//
//	tessera-upload LOG-URL MIRROR-URL
package main

import (
	"bytes"
	"context"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/client/mirror"
)

func main() {
	log.SetFlags(0)
	if len(os.Args) != 3 {
		log.Fatal("usage: tessera-upload LOG-URL MIRROR-URL")
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	source, err := client.NewHTTPFetcher(parsed(os.Args[1]), http.DefaultClient)
	check(err)
	target := parsed(os.Args[2])
	uploader, err := mirror.NewClient(ctx, mirror.NewOptions().
		WithMirrorURL(target).
		WithTileFetcher(source.ReadTile).
		WithBundleFetcher(source.ReadEntryBundle).
		WithMirrorCheckpointFetcher(source.ReadCheckpoint))
	check(err)
	checkpoint, err := source.ReadCheckpoint(ctx)
	check(err)
	lines := bytes.SplitN(checkpoint, []byte("\n"), 3)
	size, err := strconv.ParseUint(string(lines[1]), 10, 64)
	check(err)
	cosignatures, err := uploader.Sync(ctx, checkpoint, size)
	check(err)
	fmt.Print(string(cosignatures))
}

func parsed(text string) *url.URL {
	address, err := url.Parse(text)
	check(err)
	return address
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
