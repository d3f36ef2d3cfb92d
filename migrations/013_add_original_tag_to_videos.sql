-- The store's tag of the file that was checked when its upload was completed: every later reading demands it. Null for earlier uploads.
ALTER TABLE videos ADD COLUMN original_tag text;
