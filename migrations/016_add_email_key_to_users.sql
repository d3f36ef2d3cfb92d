-- The canonical form of an e-mail address, by which accounts are found: NFKC, lower case, NFKC. The API makes it (CanonicalText): lower()
-- of PostgreSQL depends on the locale and differs for a few letters (İ). The function is for accounts from before, and for an API that
-- was rolled back.
ALTER TABLE users ADD COLUMN email_key text;

CREATE FUNCTION email_key(email text) RETURNS text IMMUTABLE LANGUAGE sql
RETURN normalize(lower(replace(normalize(email, NFKC), 'İ', U&'i\0307')), NFKC);

UPDATE users SET email_key = email_key(email);
-- Two accounts of one canonical address: the older one keeps it. The other cannot log in until an operator has changed its address.
UPDATE users SET email_key = email_key || ' ' || id
WHERE EXISTS (SELECT FROM users AS older WHERE older.email_key = users.email_key AND older.id < users.id);
ALTER TABLE users ALTER COLUMN email_key SET NOT NULL;
CREATE UNIQUE INDEX users_email_key ON users (email_key);

CREATE FUNCTION give_email_key() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.email_key := coalesce(NEW.email_key, email_key(NEW.email));
    RETURN NEW;
END
$$;

CREATE TRIGGER users_have_email_keys BEFORE INSERT ON users FOR EACH ROW EXECUTE FUNCTION give_email_key();

-- Names and titles are kept composed (NFC).
UPDATE users SET first_name = normalize(first_name), last_name = normalize(last_name), city = normalize(city),
    country = normalize(country)
WHERE NOT (first_name IS NORMALIZED AND last_name IS NORMALIZED AND city IS NORMALIZED AND country IS NORMALIZED);
UPDATE videos SET title = normalize(title) WHERE title IS NOT NORMALIZED;
