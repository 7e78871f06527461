// Package config owns how a tree of settings is filled: defaults, then a YAML file,
// then the environment. It knows no setting by name; the tree is any struct. Keys
// nobody knows are faults, all faults are found in one go, and each names its key
// and the mend.
//
//	database:
//	  dsn: postgres://…          SALLYPORT_DATABASE_DSN
//	  dsn_file: /run/secrets/dsn SALLYPORT_DATABASE_DSN_FILE   (secrets only)
package config
