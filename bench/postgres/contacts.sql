SELECT id, name, email, phone, note FROM contacts;
