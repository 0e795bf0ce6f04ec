SELECT aid, bid, abalance, filler FROM pgbench_accounts;
