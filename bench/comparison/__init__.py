"""What `bench/compare` is made of; `command` is where to begin reading.

    command      the command line, and the order of everything
    scenarios    who meets whom under which loads: the list to extend
    contests     runs one meeting: start, warm up, measure A B A B, stop
    contenders   how a redis-server, Torc, etcd or memcached is started and made ready
    loads        the programs that load a server, and what they report
    sizes        memory for each key, and the time to come back with millions of keys
    processes    a started process: its end, its processor time, its memory
    machine      what this machine is, and when it is quiet
    goals        the figures that the project holds itself to
    report       tables and JSON
"""
