"""What can be added: files, pictures inside tar shards and Parquet files, and pictures at addresses."""
