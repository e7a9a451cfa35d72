package cli

import (
	"errors"
	"path/filepath"
	"strings"

	"github.com/manorgo/manor/file/local"
	"github.com/manorgo/manor/file/s3"
	"github.com/manorgo/manor/secret"
)

// readFiles reads where files are kept.
func readFiles(c *config, s string) error {
	if folder, ok := strings.CutPrefix(s, "file:"); ok {
		if strings.HasPrefix(folder, "//") && !strings.HasPrefix(folder, "///") {
			return errors.New("must be file:FOLDER without //, or file:///FOLDER for an absolute path")
		}
		if folder == "" {
			return errors.New("must name a folder, as in file:files")
		}
		c.folder = filepath.Clean(folder)
		c.files = local.New(c.folder)
		return nil
	}
	if !strings.HasPrefix(s, "s3://") {
		return errors.New("must begin with file: or s3://")
	}
	bucket, err := s3.ParseURL(secret.NewText(s))
	if err != nil {
		return err
	}
	c.files, err = s3.New(bucket)
	if err != nil {
		return err
	}
	return nil
}
