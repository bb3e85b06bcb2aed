"""
What ``reactorio.protocols.ftp`` names.

    replies       what a server answers, by code
    errors        what goes wrong, on either side
    addresses     hosts and ports in commands and replies
    paths         paths of clients, as segments
    interfaces    who gives a server its files: IFTPShell, IReadFile, IWriteFile
    files         files, read and written piece by piece; text that is translated
    listing       lines of LIST, facts of MLSD
    shells        FTPAnonymousShell, FTPShell: a part of the file system
    realms        whose part it is
    dtp           DTP, DTPFactory: the server's data connection
    control       the server's control connection: lines in, commands in turn, replies out
    dataports     PASV, EPSV, PORT, EPRT
    transfers     RETR, STOR, LIST, NLST, MLSD, ABOR
    filesystem    CWD, DELE, MKD, RNFR … SIZE, MDTM, MLST
    server        FTP: logins, and the commands about the connection; FTPFactory
    filelist      FTPFileListProtocol: LIST's lines, as a client reads them
    commands      FTPClientBasic: commands out, replies in
    moving        a client's data connections
    client        FTPClient

A module may import those above it. Each sets its ``__name__`` to the public module's, from which its classes take
their ``__module__``: that is the name they are pickled and printed by.

The protocol is that of RFC 959, with RFC 1123 section 4.1, RFC 2389 (FEAT, OPTS), RFC 2428 (EPSV, EPRT), RFC 2640
(UTF-8) and RFC 3659 (MDTM, SIZE, MLST, MLSD); RFC 2577 says what to be careful about.
"""
