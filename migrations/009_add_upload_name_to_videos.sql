-- The store's name for an upload in parts, until it is one file.
ALTER TABLE videos ADD COLUMN upload_name text;
