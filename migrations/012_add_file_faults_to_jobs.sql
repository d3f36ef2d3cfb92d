-- The number of attempts that ended because the process that worked on the file died or took too long. The second one fails the job.
ALTER TABLE jobs ADD COLUMN file_faults integer NOT NULL DEFAULT 0;
