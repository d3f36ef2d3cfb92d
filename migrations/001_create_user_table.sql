-- Who has an account. A password is kept as the scrypt of it, with the parameters and the salt.
CREATE TABLE users (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    first_name text NOT NULL CHECK (first_name <> ''),
    last_name text NOT NULL CHECK (last_name <> ''),
    email text NOT NULL,
    password_hash text NOT NULL,
    city text NOT NULL CHECK (city <> ''),
    country text NOT NULL CHECK (country <> ''),
    created_at timestamptz NOT NULL DEFAULT now()
);

-- Nobody has two accounts by writing their address in another case.
CREATE UNIQUE INDEX users_email ON users (lower(email));
