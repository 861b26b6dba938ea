document.title = 'plain'
